using System.Collections.Immutable;
using System.Text;

namespace BudgetGuard.Configuration;

/// <summary>Where alerts go, as the delivery reads it.</summary>
internal sealed record AlertSettings
{
    public required ImmutableArray<AlertSinkSettings> Sinks { get; init; }

    public required TimeSpan DrainTimeout { get; init; }

    public required TimeOnly? DailySummaryAt { get; init; }

    public required TimeZoneInfo TimeZone { get; init; }

    public static AlertSettings From(AlertOptions options) => new()
    {
        Sinks = [.. options.Sinks
            .OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase)
            .Select(pair => new AlertSinkSettings(pair.Key, pair.Value.WithSecretsRead()))],
        DrainTimeout = options.DrainTimeout,
        DailySummaryAt = options.DailySummaryAt,
        TimeZone = options.TimeZone is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone),
    };
}

/// <summary>One sink with its secrets read. Not a record: nothing here may be printed.</summary>
internal sealed class AlertSinkSettings(string name, AlertSinkOptions options)
{
    public string Name { get; } = name;

    public AlertSinkOptions Options { get; } = options;

    public ImmutableArray<WildcardPattern> Budgets { get; } = [.. options.Budgets.Select(text => new WildcardPattern(text, IgnoreCase: true))];

    /// <summary>True if a sink made of either would do the same.</summary>
    public bool IsSameAs(AlertSinkSettings other) =>
        string.Equals(Name, other.Name, StringComparison.Ordinal) && Signature(Options).Equals(Signature(other.Options), StringComparison.Ordinal);

    public override string ToString() => Name;

    /// <summary>Every value of the options, each with its length, so that no two options have the same text.</summary>
    private static string Signature(AlertSinkOptions options)
    {
        var text = new StringBuilder();
        foreach ((_, object? value) in AlertSinkKeys.ValuesOf(options))
        {
            string part = value switch
            {
                null => "-",
                IEnumerable<string> list => string.Concat(list.Select(static one => FormattableString.Invariant($"{one.Length}:{one}"))),
                _ => FormattableString.Invariant($"{value}"),
            };
            text.Append(part.Length).Append(':').Append(part);
        }

        return text.ToString();
    }
}

/// <summary>The keys of a sink beside those every type has, with their values.</summary>
internal static class AlertSinkKeys
{
    /// <summary>All values by key; null or an empty list where a key is not set.</summary>
    public static IEnumerable<(string Key, object? Value)> ValuesOf(AlertSinkOptions options) =>
        OwnOf(options).Concat(
        [
            (nameof(options.Type), options.Type), (nameof(options.MinSeverity), options.MinSeverity), (nameof(options.Budgets), options.Budgets),
            (nameof(options.Types), options.Types), (nameof(options.SendRecovered), options.SendRecovered), (nameof(options.MaxPerMinute), options.MaxPerMinute),
            (nameof(options.DigestEvery), options.DigestEvery), (nameof(options.Timeout), options.Timeout), (nameof(options.Retries), options.Retries),
        ]);

    /// <summary>The values of those keys that only some types have.</summary>
    public static IEnumerable<(string Key, object? Value)> OwnOf(AlertSinkOptions options) =>
    [
        (nameof(options.Url), options.Url), (nameof(options.Secret), options.Secret), (nameof(options.CloudEvents), options.CloudEvents ? true : null),
        (nameof(options.AllowPrivateNetworks), options.AllowPrivateNetworks ? true : null), (nameof(options.RoutingKey), options.RoutingKey),
        (nameof(options.Host), options.Host), (nameof(options.Port), options.Port), (nameof(options.Security), options.Security),
        (nameof(options.UserName), options.UserName), (nameof(options.Password), options.Password), (nameof(options.From), options.From),
        (nameof(options.To), options.To.Count > 0 ? options.To : null),
    ];
}
