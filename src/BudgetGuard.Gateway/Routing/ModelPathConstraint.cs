namespace BudgetGuard.Gateway.Routing;

/// <summary>
/// A model's name of several segments, as servers for open models have: what <see cref="ModelNameConstraint"/> takes and <c>:</c>, in segments that go nowhere else.
/// </summary>
internal sealed class ModelPathConstraint : IRouteConstraint
{
    public const string Name = "modelpath";

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection)
    {
        if (values[routeKey] is not string model)
        {
            return false;
        }

        foreach (Range range in model.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = model.AsSpan()[range];
            if (segment is "" or "." or ".." || !HasOnlyNameCharacters(segment))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasOnlyNameCharacters(ReadOnlySpan<char> segment)
    {
        foreach (char c in segment)
        {
            if (c != ':' && !ModelNameConstraint.IsAllowed(c))
            {
                return false;
            }
        }

        return true;
    }
}
