namespace BudgetGuard.Metering;

/// <summary>What the app reported for one request, added up; safe from any thread, closed when the request ends.</summary>
internal sealed class RequestReports
{
    private readonly Lock _gate = new();
    private Money _cost;
    private long? _tokens;
    private bool _ended;

    /// <summary>The reports of a request that has ended: takes none.</summary>
    public static RequestReports Ended { get; } = new() { _ended = true };

    /// <param name="cost">What it cost.</param>
    /// <param name="tokens">Its tokens; null where only a cost is reported.</param>
    /// <exception cref="InvalidOperationException">The request has ended.</exception>
    public void Add(Money cost, long? tokens)
    {
        lock (_gate)
        {
            if (_ended)
            {
                throw new InvalidOperationException("The request has ended and is settled: report before the answer is complete.");
            }

            _cost += cost;
            if (tokens is { } more)
            {
                _tokens = checked(_tokens.GetValueOrDefault() + more);
            }
        }
    }

    /// <summary>The sum of the reports until now.</summary>
    /// <param name="otherTokens">The tokens that count where the app reported none: a cost alone does not make a token budget free.</param>
    public Charge Sum(long otherTokens)
    {
        lock (_gate)
        {
            return new Charge(_cost, _tokens ?? otherTokens);
        }
    }

    /// <summary>The sum of all reports, as <see cref="Sum"/>; takes no more.</summary>
    public Charge End(long otherTokens)
    {
        lock (_gate)
        {
            _ended = true;
            return Sum(otherTokens);
        }
    }
}
