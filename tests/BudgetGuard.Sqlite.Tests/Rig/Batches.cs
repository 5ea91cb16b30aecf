using BudgetGuard.Diagnostics;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>Batches of a history to try things on.</summary>
internal static class Batches
{
    public static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 30, 0, TimeSpan.Zero);

    private static readonly Guid Writer = Guid.NewGuid();

    public static DecisionEntry Decision(long ticket, string? user) => new()
    {
        Ticket = ticket,
        At = Now.AddTicks(ticket),
        User = user,
        Operation = "work",
        Kind = DecisionKind.Allow,
        Estimated = Money.FromNanos(100),
    };

    public static HourSpend SumOfOthers(long nanos) => new(HourOf(Now), SpendKey.Other, new SpendSum { Requests = 1, CostNanos = nanos });

    public static HourSpend Sum(string? user, long nanos, string? model = null, string? operation = "work", string[]? budgets = null) => new(
        HourOf(Now), new SpendKey(user, model, operation, BudgetNames.Of([.. budgets ?? []])),
        new SpendSum { Requests = 1, Denied = 2, InputTokens = 3, OutputTokens = 4, CostNanos = nanos });

    public static HistoryBatch Batch(long number, params HourSpend[] spend) => Batch(number, Writer, spend);

    public static HistoryBatch Batch(long number, Guid writer, params HourSpend[] spend) => Batch(number, writer, Now, spend);

    public static HistoryBatch Batch(long number, Guid writer, DateTimeOffset at, params HourSpend[] spend) =>
        new() { Writer = writer, Number = number, At = at, Spend = spend };

    public static DateTime HourOf(DateTimeOffset time) => time.UtcDateTime.Date.AddHours(time.UtcDateTime.Hour);
}
