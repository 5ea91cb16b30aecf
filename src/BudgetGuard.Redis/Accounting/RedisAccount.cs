using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// An account as scripts know it: its keys, and the arguments that do not change. A key has half of a hash in it, and not the names themselves, which may be long and
/// may be secret.
/// </summary>
internal sealed class RedisAccount
{
    private const long PhaseSeconds = 62_135_596_800;

    private readonly CalendarWindows? _windows;
    private readonly RedisValue _partition;
    private readonly RedisValue _slices;
    private volatile Bounds? _bounds;

    public RedisAccount(string prefix, Account account)
    {
        Account = account;
        BudgetTerms terms = account.Terms;
        Own = KeyOf(prefix, "a:", AlertClaimText.Of(account.Key));
        string budget = AlertClaimText.Of(new AccountKey(terms, []));
        IsSplit = !terms.Per.IsDefaultOrEmpty && !account.Key.Partition.IsDefaultOrEmpty;
        Shared = KeyOf(prefix, "a:", budget);
        Members = KeyOf(prefix, "n:", budget);
        _partition = AlertClaimText.PartitionOf(account.Key);
        if (terms.Unit == BudgetUnit.Concurrency)
        {
            Kind = "S";
            _slices = "0 0 0 0";
        }
        else if (terms.Window.Rolling is { } rolling)
        {
            Kind = "R";
            Width = ((Math.Max(1, rolling.Ticks / TimeSpan.TicksPerMicrosecond) - 1) / RollingSlices.SlicesPerWindow) + 1;
            Phase = (long)((Int128)PhaseSeconds * 1_000_000 % Width);
            _slices = string.Create(CultureInfo.InvariantCulture, $"{Width} {Phase} 0 0");
        }
        else
        {
            Kind = "C";
            _windows = new CalendarWindows(terms.Window.Period, terms.Window.Zone);
        }
    }

    public Account Account { get; }

    /// <summary>C: calendar windows, R: a rolling one, S: slots.</summary>
    public string Kind { get; }

    /// <summary>How long a slice of a rolling window is, in microseconds.</summary>
    public long Width { get; }

    /// <summary>From when on before 1970 slices are counted.</summary>
    public long Phase { get; }

    public bool IsSplit { get; }

    public RedisKey Own { get; }

    /// <summary>The account of all partitions that are not tracked; the own one where the budget is not split.</summary>
    public RedisKey Shared { get; }

    public RedisKey Members { get; }

    public static RedisKey KeyOf(string prefix, string kind, string text) =>
        prefix + kind + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    /// <summary>What a charge takes: of concurrency one slot.</summary>
    public long HoldOf(in Charge charge) => Kind == "S" ? 1 : Math.Min(RedisTime.Most, charge.In(Account.Terms.Unit));

    public long AmountOf(in Charge charge) => Math.Min(RedisTime.Most, charge.In(Account.Terms.Unit));

    /// <summary>When the window of a number begins, in microseconds.</summary>
    public long StartOf(long index) => RedisTime.Of(_windows!.StartOf(index));

    /// <summary>The window of an instant, in ticks.</summary>
    public CalendarWindow WindowAt(long now) => BoundsAt(now).Ticks;

    /// <summary>Writes the arguments of this account.</summary>
    /// <param name="arguments">Where to.</param>
    /// <param name="limit">Its limit; null where that is not known.</param>
    /// <param name="amount">What is asked for.</param>
    /// <param name="enforces">False where nobody is refused.</param>
    /// <param name="now">What time it is, in ticks, as far as this machine knows.</param>
    public void Write(Span<RedisValue> arguments, long? limit, long amount, bool enforces, long now)
    {
        BudgetTerms terms = Account.Terms;
        arguments[0] = limit is { } known ? known : "-";
        arguments[1] = amount;
        arguments[2] = enforces ? 1 : 0;
        arguments[3] = Kind;
        arguments[4] = terms.CarryDebt ? 1 : 0;
        arguments[5] = IsSplit ? Math.Max(1, terms.MaxTrackedPartitions) : 0;
        arguments[6] = _windows is null ? _slices : BoundsAt(now).Text;
        arguments[7] = _partition;
    }

    private Bounds BoundsAt(long now)
    {
        if (_bounds is { } known && now >= known.Ticks.Start && now < known.Ticks.End)
        {
            return known;
        }

        CalendarWindow window = _windows!.At(now);
        long nextEnd = window.End == CalendarWindows.Never ? RedisTime.Most : StartOf(window.Index + 2);
        return _bounds = new Bounds(
            window, string.Create(CultureInfo.InvariantCulture, $"{window.Index} {RedisTime.Of(window.Start)} {RedisTime.Of(window.End)} {nextEnd}"));
    }

    /// <param name="Ticks">A window.</param>
    /// <param name="Text">As scripts have it: number, beginning, end, and the end of the next, in microseconds.</param>
    private sealed record Bounds(CalendarWindow Ticks, RedisValue Text);
}
