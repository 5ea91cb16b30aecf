namespace BudgetGuard.Gateway.Routing;

/// <summary>
/// A model's name in a path: letters, digits and <c>. _ - @</c>. Anything else could be one name here and another at the provider, which reads the path anew.
/// </summary>
internal sealed class ModelNameConstraint : IRouteConstraint
{
    public const string Name = "modelname";

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection)
    {
        if (values[routeKey] is not string { Length: > 0 } model)
        {
            return false;
        }

        foreach (char c in model)
        {
            if (!IsAllowed(c))
            {
                return false;
            }
        }

        return true;
    }

    public static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@';
}
