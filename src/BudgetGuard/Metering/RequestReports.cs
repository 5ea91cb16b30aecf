namespace BudgetGuard.Metering;

/// <summary>What the app reported for one request, added up; safe from any thread, closed when the request ends.</summary>
internal sealed class RequestReports
{
    private readonly Lock _gate = new();
    private Charge _sum = new(Money.Zero, 0, 1);
    private bool _ended;

    /// <summary>The reports of a request that has ended: takes none.</summary>
    public static RequestReports Ended { get; } = new() { _ended = true };

    /// <exception cref="InvalidOperationException">The request has ended.</exception>
    public void Add(in Charge charge)
    {
        lock (_gate)
        {
            if (_ended)
            {
                throw new InvalidOperationException("The request has ended and is settled: report before the answer is complete.");
            }

            _sum = new Charge(_sum.Cost + charge.Cost, checked(_sum.Tokens + charge.Tokens));
        }
    }

    public Charge End()
    {
        lock (_gate)
        {
            _ended = true;
            return _sum;
        }
    }
}
