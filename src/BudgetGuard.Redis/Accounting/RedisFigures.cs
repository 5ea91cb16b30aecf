using System.Globalization;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>The figures of an account as a script tells them.</summary>
internal readonly struct RedisFigures
{
    /// <summary>How many values they are.</summary>
    public const int Count = 11;

    private readonly RedisAccount _account;
    private readonly long _index;
    private readonly long _start;
    private readonly long _end;
    private readonly string _slices;

    public RedisFigures(RedisAccount account, ReadOnlySpan<RedisResult> values)
    {
        _account = account;
        _index = (long)values[0];
        _start = (long)values[1];
        _end = (long)values[2];
        Settled = (long)values[3];
        Held = (long)values[4];
        Debt = (long)values[5];
        Limit = (long)values[6];
        IsShared = (long)values[7] == 1;
        _slices = (string?)values[8] ?? "";
        Round = (int)values[9];
        IsToppedUp = ((string?)values[10] ?? "").Length > 0;
    }

    public long Settled { get; }

    public long Held { get; }

    public long Debt { get; }

    /// <summary>With what administrators added.</summary>
    public long Limit { get; }

    public bool IsShared { get; }

    /// <summary>How often it was topped up or reset.</summary>
    public int Round { get; }

    public bool IsToppedUp { get; }

    /// <summary>When the window began, in ticks; 0 where it has no beginning.</summary>
    public long Since => _account.Kind == "C" && _end >= RedisTime.Most ? 0 : RedisTime.TicksOf(_start);

    /// <summary>The calendar window, in ticks.</summary>
    public BudgetGuard.Accounting.CalendarWindow Window => new(_index, RedisTime.TicksOf(_start), RedisTime.TicksOf(_end));

    public AccountState State
    {
        get
        {
            (DateTimeOffset? start, DateTimeOffset? end) = _account.Kind switch
            {
                "S" => (null, null),
                "R" => (RedisTime.InstantOf(Math.Max(0, BeginningOf(Math.Max(0, _index - 60)))), RedisTime.InstantOf(HasLeftAt(1) ?? RedisTime.Most)),
                _ when _end >= RedisTime.Most => ((DateTimeOffset?)null, (DateTimeOffset?)null),
                _ => (RedisTime.InstantOf(_start), RedisTime.InstantOf(_end)),
            };
            return new AccountState(Settled, Held, Debt, Limit, start, end);
        }
    }

    /// <summary>Why it refuses an amount; as an account in memory says it.</summary>
    /// <param name="amount">What was asked for, in addition to <paramref name="held"/>.</param>
    /// <param name="held">What the asking hold has set aside already.</param>
    /// <param name="now">The instant of asking, in ticks.</param>
    public Refusal Refuse(long amount, long held, long now)
    {
        bool exceedsLimit = amount > Limit - held;
        bool isHeldByOthers = !exceedsLimit && amount <= Limit - held - Settled - Debt;
        DateTimeOffset? retryAt = exceedsLimit ? null
            : isHeldByOthers ? new DateTimeOffset(now + TimeSpan.TicksPerSecond, TimeSpan.Zero)
            : _account.Kind == "R" ? RedisTime.InstantOf(HasLeftAt(Settled + Held + Debt - (Limit - amount)) ?? RedisTime.Most)
            : held > 0 ? null
            : AdmitsAt(amount);
        return new Refusal
        {
            Account = _account.Account,
            Requested = amount,
            State = State,
            RetryAt = retryAt,
            IsHeldByOthers = isHeldByOthers,
            ExceedsLimit = exceedsLimit,
        };
    }

    private DateTimeOffset? AdmitsAt(long amount)
    {
        long later = Math.Max(0, _account.Account.Limit);
        if (amount > later || _account.Kind == "S")
        {
            return null;
        }

        long excess = _account.Account.Terms.CarryDebt ? Settled + Debt - Limit : 0;
        Int128 above = (Int128)excess + amount - later;
        return excess <= 0 || above <= 0
            ? RedisTime.InstantOf(_end)
            : RedisTime.InstantOf(_account.StartOf(_index + 1 + (long)((above + later - 1) / later)));
    }

    /// <summary>The first instant by which at least an amount has left a rolling window; null if there is not so much.</summary>
    private long? HasLeftAt(long amount)
    {
        foreach (Range part in _slices.AsSpan().Split(' '))
        {
            ReadOnlySpan<char> slice = _slices.AsSpan()[part];
            int first = slice.IndexOf(':');
            if (first < 0)
            {
                continue;
            }

            int second = slice.LastIndexOf(':');
            amount -= long.Parse(slice[(first + 1)..second], CultureInfo.InvariantCulture) + long.Parse(slice[(second + 1)..], CultureInfo.InvariantCulture);
            if (amount <= 0)
            {
                return BeginningOf(long.Parse(slice[..first], CultureInfo.InvariantCulture) + 61);
            }
        }

        return null;
    }

    private long BeginningOf(long slice) => (slice * _account.Width) - _account.Phase;
}
