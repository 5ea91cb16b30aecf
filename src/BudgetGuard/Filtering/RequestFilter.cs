using System.Buffers;
using System.Collections.Immutable;
using BudgetGuard.Configuration;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace BudgetGuard.Filtering;

/// <summary>Why a request is or is not guarded.</summary>
internal enum FilterVerdict
{
    Guarded,
    MonitoringOff,
    DisabledByEndpoint,
    MethodExcluded,
    PathExcluded,
    PathNotIncluded,
}

/// <summary>
/// Decides whether a request is guarded. What it cannot place is guarded: only a plain path, spelt as routing sees it, is let off.
/// </summary>
internal static class RequestFilter
{
    private static readonly SearchValues<char> Suspicious = SearchValues.Create("\\;%?#");

    public static FilterVerdict Judge(HttpContext context, string path, EndpointTerms? terms, bool mayCallModel, GuardSettings settings)
    {
        if (!settings.EnableBudgetMonitoring)
        {
            return FilterVerdict.MonitoringOff;
        }

        if (terms is { IsDisabled: true })
        {
            return FilterVerdict.DisabledByEndpoint;
        }

        if (!mayCallModel && IsExcludedMethod(context, settings))
        {
            return FilterVerdict.MethodExcluded;
        }

        return terms is { IsRequired: true } ? FilterVerdict.Guarded : JudgePath(context.Request, path, settings);
    }

    private static bool IsExcludedMethod(HttpContext context, GuardSettings settings)
    {
        string method = context.Request.Method;
        foreach (string excluded in settings.ExcludeMethods)
        {
            if (HttpMethods.Equals(excluded, method))
            {
                return IsMethodOfEndpoint(context, method);
            }
        }

        return false;
    }

    /// <summary>
    /// A method that was overridden after routing chose the endpoint says nothing about what will run: such a request stays guarded.
    /// </summary>
    private static bool IsMethodOfEndpoint(HttpContext context, string method)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<IHttpMethodMetadata>() is not { HttpMethods.Count: > 0 } declared)
        {
            return true;
        }

        foreach (string own in declared.HttpMethods)
        {
            if (HttpMethods.Equals(own, method))
            {
                return true;
            }
        }

        return declared.AcceptCorsPreflight && HttpMethods.IsOptions(method);
    }

    private static FilterVerdict JudgePath(HttpRequest request, string path, GuardSettings settings)
    {
        FilterVerdict verdict = JudgePath(path, settings);
        if (verdict == FilterVerdict.Guarded)
        {
            return verdict;
        }

        // Under a path base both spellings have to be let off: rules written with or without the base mean the same in every position.
        if (request.PathBase.HasValue && JudgePath(request.PathBase.Value + path, settings) == FilterVerdict.Guarded)
        {
            return FilterVerdict.Guarded;
        }

        return IsPlain(path) && IsPlain(request.PathBase.Value) ? verdict : FilterVerdict.Guarded;
    }

    private static FilterVerdict JudgePath(string path, GuardSettings settings)
    {
        if (StartsWithAny(path, settings.ExcludePaths))
        {
            return FilterVerdict.PathExcluded;
        }

        return settings.IncludeOnlyPaths.IsEmpty || StartsWithAny(path, settings.IncludeOnlyPaths)
            ? FilterVerdict.Guarded
            : FilterVerdict.PathNotIncluded;
    }

    private static bool StartsWithAny(string path, ImmutableArray<string> prefixes)
    {
        foreach (string prefix in prefixes)
        {
            // The second character tells most paths apart without comparing them.
            if (path.Length >= prefix.Length
                && (prefix.Length == 1 || ((path[1] ^ prefix[1]) & ~0x20) == 0 || (path[1] | prefix[1]) >= 0x80)
                && path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
                && (path.Length == prefix.Length || prefix.Length == 1 || path[prefix.Length] == '/'))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// False for a path that another server may read differently: empty or dot segments, backslashes, parameters, escapes left over, decoded marks of a
    /// query, characters that cannot be shown, white space or dots at the end of a segment.
    /// </summary>
    private static bool IsPlain(string? path)
    {
        if (string.IsNullOrEmpty(path))
        {
            return true;
        }

        ReadOnlySpan<char> rest = path;
        if (rest.IndexOfAny(Suspicious) >= 0 || rest.Contains("//", StringComparison.Ordinal) || !SubjectRules.IsShowable(rest))
        {
            return false;
        }

        foreach (Range range in rest.Split('/'))
        {
            ReadOnlySpan<char> segment = rest[range];
            if (!segment.IsEmpty && (segment[^1] == '.' || char.IsWhiteSpace(segment[^1]) || char.IsWhiteSpace(segment[0])))
            {
                return false;
            }
        }

        return true;
    }
}
