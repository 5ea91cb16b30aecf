using System.Globalization;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Api.Administration;

/// <summary>The query of a request, read strictly: an unknown name, a name given twice and a value that cannot be used are each refused, naming the name.</summary>
internal sealed class ApiQuery(HttpContext context, params string[] names)
{
    private readonly IQueryCollection _query = context.Request.Query;
    private readonly HashSet<string> _known = new(names, StringComparer.Ordinal);

    /// <summary>Knows further names, as the dimensions of a budget.</summary>
    public void Know(IEnumerable<string> more) => _known.UnionWith(more);

    /// <summary>Refuses names that are not known.</summary>
    public void Check()
    {
        foreach (string name in _query.Keys)
        {
            if (!_known.Contains(name))
            {
                throw ApiProblemException.Invalid($"'{Shown(name)}' is no parameter of this route; expected {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
            }
        }
    }

    /// <summary>A text; null if it is missing.</summary>
    public string? Text(string name)
    {
        if (!_query.TryGetValue(name, out StringValues values))
        {
            return null;
        }

        string text = values.Count == 1 ? values[0] ?? "" : throw ApiProblemException.Invalid($"'{name}' is given more than once.");
        SubjectRules.Check(name, text);
        return text;
    }

    public string Required(string name) =>
        Text(name) is { Length: > 0 } text ? text : throw ApiProblemException.Invalid($"'{name}' is missing.");

    public int Count(string name, int standard, int most)
    {
        string? text = Text(name);
        return text is null ? standard
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= most ? count
            : throw ApiProblemException.Invalid($"'{name}' is no such number; expected 1 to {most.ToString(CultureInfo.InvariantCulture)}.");
    }

    public DateTimeOffset? Time(string name)
    {
        string? text = Text(name);
        return text is null ? null
            : ApiTime.TryParse(text, out DateTimeOffset time) ? time
            : throw ApiProblemException.Invalid($"'{name}' is no time; expected RFC 3339, as 2026-06-10T12:00:00Z.");
    }

    public decimal? Amount(string name)
    {
        string? text = Text(name);
        return text is null ? null
            : decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount) && amount <= Money.MaxUsd ? amount
            : throw ApiProblemException.Invalid($"'{name}' is no amount; expected US dollars as plain digits, 0 or more.");
    }

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64];
}

/// <summary>Times as the API reads and writes them: RFC 3339.</summary>
internal static class ApiTime
{
    private static readonly string[] _formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd't'HH:mm:ssK",
    ];

    public static bool TryParse(string text, out DateTimeOffset time)
    {
        // Without an offset it would be a time of this machine's zone.
        bool hasOffset = text.Length > 19 && text.AsSpan(19).IndexOfAny('Z', '+', '-') >= 0;
        time = default;
        return hasOffset && DateTimeOffset.TryParseExact(text, _formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }
}
