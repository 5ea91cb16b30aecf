using System.Collections.Immutable;
using System.Globalization;

namespace BudgetGuard.Redis;

/// <summary>An account that a node borrows from, and what it has of it. Its state is touched under the book's lock.</summary>
internal sealed class LeasedAccount
{
    // How many requests a part is enough for at least.
    private const int LeastRequests = 5;

    // So many requests a second make it worth while to borrow.
    private const int Hot = 4;

    private readonly BudgetTerms _localTerms;

    private long _typical;
    private long _second;
    private int _asked;
    private int _askedBefore;

    public LeasedAccount(RedisAccount place)
    {
        Place = place;
        Single = new AccountSet([place.Account]);
        _localTerms = new BudgetTerms
        {
            Name = place.Account.Terms.Name, Unit = place.Account.Terms.Unit, Window = WindowSpec.Total, Per = ["Lease"], MaxTrackedPartitions = int.MaxValue,
        };
    }

    public RedisAccount Place { get; }

    /// <summary>The account alone.</summary>
    public AccountSet Single { get; }

    /// <summary>What holds are taken on.</summary>
    public Lease? Current { get; set; }

    /// <summary>What comes after it.</summary>
    public Lease? Next { get; set; }

    /// <summary>True while it is being borrowed from.</summary>
    public bool IsBorrowing { get; set; }

    /// <summary>Not before then is it borrowed from again, by the steady clock.</summary>
    public long NotBefore { get; set; }

    /// <summary>What it had left when that was last told; null as long as it was not.</summary>
    public long? Left { get; set; }

    /// <summary>When that was told, by the steady clock.</summary>
    public long LeftAt { get; set; }

    /// <summary>True of what can be borrowed: money and counts of calendar windows, of budgets that are enforced.</summary>
    public static bool CanBeOf(RedisAccount place) =>
        place.Kind == "C" && place.Account.Terms.Enforced && place.Account.Terms.Unit != BudgetUnit.Concurrency && place.Account.Limit > 0;

    /// <summary>In which second it was last asked for, by the steady clock.</summary>
    public long LastAsked => _second;

    /// <summary>Counts a request; true if there are many.</summary>
    public bool Count(long second)
    {
        if (second != _second)
        {
            (_askedBefore, _asked, _second) = (second == _second + 1 ? _asked : 0, 0, second);
        }

        return Math.Max(++_asked, _askedBefore) >= Hot;
    }

    /// <summary>A running mean of what requests ask for.</summary>
    public void Asked(long amount) => _typical = _typical == 0 ? amount : ((_typical * 7) + amount) / 8;

    /// <summary>How much to borrow: a part of what is left, the smaller the more nodes there are, but enough for some requests; nothing where little is left.</summary>
    public long SliceOf(long left, int nodes)
    {
        long limit = Place.Account.Limit;
        if (left < limit / 20 || left <= 0)
        {
            return 0;
        }

        return Math.Min(left, Math.Max(left / (4L * nodes), LeastRequests * Math.Max(1, _typical)));
    }

    public Account LocalOf(HoldId id, long granted) => new(_localTerms, ImmutableArray.Create<string?>($"{id.High:x16}{id.Low:x16}"), granted);

    /// <summary>The hold that a part is for all others, of which <see cref="LocalOf"/> made an account.</summary>
    public static HoldId PartOf(in AccountKey local) =>
        new(ulong.Parse(local.Partition[0].AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(local.Partition[0].AsSpan(16), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>An amount of the account's unit as a charge.</summary>
    public Charge ChargeOf(long amount) => Place.Account.Terms.Unit switch
    {
        BudgetUnit.Usd => new Charge(Money.FromNanos(amount), 0, 0),
        BudgetUnit.Tokens => new Charge(Money.Zero, amount, 0),
        _ => new Charge(Money.Zero, 0, amount),
    };
}
