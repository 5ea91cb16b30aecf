using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace BudgetGuard.Diagnostics;

/// <summary>What was spent in one hour on the same; tokens that no usage splits count as output.</summary>
internal struct SpendSum
{
    public long Requests;
    public long Denied;
    public long InputTokens;
    public long OutputTokens;
    public Int128 CostNanos;

    public void Add(in SpendSum other)
    {
        Requests += other.Requests;
        Denied += other.Denied;
        InputTokens = Accounting.Saturating.Add(InputTokens, other.InputTokens);
        OutputTokens = Accounting.Saturating.Add(OutputTokens, other.OutputTokens);
        CostNanos += other.CostNanos;
    }
}

/// <summary>The names of the budgets that a request was charged to.</summary>
internal sealed class BudgetNames : IEquatable<BudgetNames>
{
    private static readonly ConditionalWeakTable<AccountSet, BudgetNames> _known = [];
    private readonly int _hash;

    private BudgetNames(ImmutableArray<string> names)
    {
        Names = names;
        var hash = new HashCode();
        foreach (string name in names)
        {
            hash.Add(name, StringComparer.Ordinal);
        }

        _hash = hash.ToHashCode();
    }

    public static BudgetNames None { get; } = new([]);

    public ImmutableArray<string> Names { get; }

    /// <summary>The names of a set, which is the same for many requests.</summary>
    public static BudgetNames Of(AccountSet? accounts) =>
        accounts is null ? None : _known.GetValue(accounts, static set => new BudgetNames([.. set.Accounts.Select(static account => account.Terms.Name)]));

    public static BudgetNames Of(ImmutableArray<string> names) => names.IsEmpty ? None : new BudgetNames(names);

    public static BudgetNames Of(string? budget) => budget is null ? None : new BudgetNames([budget]);

    public bool Equals(BudgetNames? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && Names.AsSpan().SequenceEqual(other.Names.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as BudgetNames);

    public override int GetHashCode() => _hash;
}

/// <summary>Whom and what a sum is of.</summary>
internal readonly record struct SpendKey(string? User, string? Model, string? Operation, BudgetNames Budgets)
{
    /// <summary>What is told apart no longer, because an hour has too much of it.</summary>
    public static SpendKey Other { get; } = new("(other)", "(other)", "(other)", BudgetNames.None);
}

/// <summary>What was spent on the same in the hour that begins at a time.</summary>
internal readonly record struct HourSpend(DateTime Start, SpendKey Key, SpendSum Sum);

/// <summary>
/// What was spent, by the hour. Bounded: so many sums an hour, past which what is new goes into one; and so many in all, past which the oldest hour is forgotten.
/// </summary>
internal sealed class SpendBook
{
    public const int MostAnHour = 500;
    public const int MostInAll = 50_000;
    public const int MostHours = 31 * 24;

    private readonly Lock _gate = new();
    private Dictionary<long, Dictionary<SpendKey, SpendSum>> _hours = [];
    private int _count;

    public void Add(DateTimeOffset at, in SpendKey key, in SpendSum sum)
    {
        long hour = at.UtcTicks / TimeSpan.TicksPerHour;
        lock (_gate)
        {
            if (!_hours.TryGetValue(hour, out Dictionary<SpendKey, SpendSum>? sums))
            {
                _hours.Add(hour, sums = []);
            }

            SpendKey known = sums.Count < MostAnHour || sums.ContainsKey(key) ? key : SpendKey.Other;
            ref SpendSum place = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(sums, known, out bool exists);
            place.Add(sum);
            if (!exists)
            {
                _count++;
                Forget();
            }
        }
    }

    /// <summary>The sums of the hours that begin in a span, in the order of time.</summary>
    public List<HourSpend> Read(DateTimeOffset from, DateTimeOffset to)
    {
        List<HourSpend> found = [];
        lock (_gate)
        {
            foreach ((long hour, Dictionary<SpendKey, SpendSum> sums) in _hours)
            {
                DateTime start = StartOf(hour);
                if (start < from.UtcDateTime || start >= to.UtcDateTime)
                {
                    continue;
                }

                foreach ((SpendKey key, SpendSum sum) in sums)
                {
                    found.Add(new HourSpend(start, key, sum));
                }
            }
        }

        return found;
    }

    /// <summary>Hands over all sums, and has none from then on.</summary>
    public List<HourSpend> Take()
    {
        Dictionary<long, Dictionary<SpendKey, SpendSum>> hours;
        lock (_gate)
        {
            if (_count == 0)
            {
                return [];
            }

            (hours, _hours, _count) = (_hours, [], 0);
        }

        List<HourSpend> taken = [];
        foreach ((long hour, Dictionary<SpendKey, SpendSum> sums) in hours)
        {
            foreach ((SpendKey key, SpendSum sum) in sums)
            {
                taken.Add(new HourSpend(StartOf(hour), key, sum));
            }
        }

        return taken;
    }

    private static DateTime StartOf(long hour) => new(hour * TimeSpan.TicksPerHour, DateTimeKind.Utc);

    private void Forget()
    {
        while (_hours.Count > 1 && (_count > MostInAll || _hours.Count > MostHours))
        {
            long oldest = long.MaxValue;
            foreach (long hour in _hours.Keys)
            {
                oldest = Math.Min(oldest, hour);
            }

            _count -= _hours[oldest].Count;
            _hours.Remove(oldest);
        }
    }
}
