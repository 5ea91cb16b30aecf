namespace BudgetGuard.Diagnostics;

/// <summary>
/// Keeps what was decided and spent over a restart. One batch is written at a time; what is read may be read meanwhile. An hour has at most
/// <see cref="SpendBook.MostAnHour"/> sums: what is new past them goes into <see cref="SpendKey.Other"/>.
/// </summary>
internal interface IGuardHistoryStore
{
    /// <summary>
    /// Writes a batch, whole or not at all. One that is written already, by its writer and number, counts no second time. Nothing cancels it: whoever waits bounds the wait.
    /// </summary>
    Task WriteAsync(HistoryBatch batch);

    /// <summary>The last decisions of all writers, the newest first.</summary>
    Task<List<DecisionEntry>> ReadDecisionsAsync(int most, CancellationToken cancellationToken);

    /// <summary>Shows the sums of the hours that begin in a span, of all writers together, one after the other. What the visitor throws ends the reading.</summary>
    Task ReadSpendAsync(DateTimeOffset from, DateTimeOffset to, Action<HourSpend> visit, CancellationToken cancellationToken);
}
