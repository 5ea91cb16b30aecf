using System.Collections.Immutable;
using System.Globalization;
using BudgetGuard.Accounting;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Alerts.Raising;

/// <summary>What an account told, in a sentence.</summary>
internal static class AccountSentence
{
    public static string Of(string type, string told, AccountEvent accountEvent, ImmutableArray<string?> partition, decimal used, decimal limit)
    {
        BudgetTerms terms = accountEvent.Account.Terms;
        string what = type switch
        {
            AlertTypes.ThresholdReached => string.Create(CultureInfo.InvariantCulture, $"{accountEvent.Threshold * 100:0.##} % reached"),
            AlertTypes.ForecastExceeded => Foretold(accountEvent),
            AlertTypes.CostSpike => Spiked(accountEvent),
            AlertTypes.Recovered => $"{told} is over",
            AlertTypes.PartitionsOverflowed =>
                string.Create(CultureInfo.InvariantCulture, $"more than {terms.MaxTrackedPartitions} partitions, new ones share one account"),
            _ when !terms.Enforced => "its limit is exceeded, no request is denied",
            AlertTypes.ThrottlingActivated => "requests are throttled",
            _ => "requests are rejected",
        };
        return string.Create(CultureInfo.InvariantCulture, $"Budget {terms.Name}{Whom(partition)}: {what}, {used} of {limit} {NameOf(terms.Unit)} used");
    }

    /// <summary>What a unit is called in a sentence.</summary>
    public static string NameOf(BudgetUnit unit) => unit switch
    {
        BudgetUnit.Usd => "USD",
        BudgetUnit.Tokens => "tokens",
        BudgetUnit.Requests => "requests",
        _ => "requests in flight",
    };

    private static string Foretold(AccountEvent accountEvent)
    {
        BudgetUnit unit = accountEvent.Account.Terms.Unit;
        string gone = accountEvent.GoneBy is { } at ? string.Create(CultureInfo.InvariantCulture, $", at this rate gone by {at:yyyy-MM-dd HH:mm} UTC") : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"{unit.InUnit(accountEvent.Amount)} {NameOf(unit)} forecast{gone}");
    }

    private static string Spiked(AccountEvent accountEvent)
    {
        BudgetUnit unit = accountEvent.Account.Terms.Unit;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"one {(accountEvent.IsMinute ? "minute" : "request")} used {unit.InUnit(accountEvent.Amount)}, usual are {unit.InUnit(accountEvent.Expected)} {NameOf(unit)}");
    }

    /// <summary>The partition in brackets; models are client text that nobody has checked.</summary>
    private static string Whom(ImmutableArray<string?> partition) =>
        partition.IsEmpty ? string.Empty : $" ({string.Join(", ", partition.Select(static value => value is null ? "none" : GuardLog.Printable(value)))})";
}
