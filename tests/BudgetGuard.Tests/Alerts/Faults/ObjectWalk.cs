using System.Collections;
using System.Reflection;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Finds every object of the library that can be reached from some, through fields and what collections hold.</summary>
internal static class ObjectWalk
{
    public static IReadOnlyCollection<object> Reach(IEnumerable<object> roots)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Stack<object> left = new(roots);
        List<object> found = [];
        while (left.TryPop(out object? one))
        {
            if (!seen.Add(one))
            {
                continue;
            }

            if (IsOurs(one.GetType()))
            {
                found.Add(one);
            }

            foreach (object next in Inside(one))
            {
                left.Push(next);
            }
        }

        return found;
    }

    private static List<object> Inside(object one)
    {
        if (one is string || one.GetType().IsPrimitive)
        {
            return [];
        }

        List<object> inside = [];
        if (one is IEnumerable many)
        {
            inside.AddRange(many.Cast<object?>().OfType<object>());
        }

        for (Type? type = IsOurs(one.GetType()) || one is Delegate || IsPair(one.GetType()) ? one.GetType() : null; type is not null; type = type.BaseType)
        {
            inside.AddRange(type
                .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Where(static field => !field.FieldType.IsPointer && !field.FieldType.IsByRefLike)
                .Select(field => field.GetValue(one))
                .OfType<object>());
        }

        return inside;
    }

    private static bool IsPair(Type type) => type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>) || type.IsAssignableTo(typeof(System.Runtime.CompilerServices.ITuple)));

    private static bool IsOurs(Type type) =>
        type.Namespace is { } name && (name == "BudgetGuard" || name.StartsWith("BudgetGuard.", StringComparison.Ordinal)) && !name.StartsWith("BudgetGuard.Tests", StringComparison.Ordinal);
}
