using System.Collections.Immutable;
using BudgetGuard.Accounting;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Accounting;

/// <summary>Short words for budgets, accounts and a tracker on a clock that tests move.</summary>
internal sealed class Kit : IAccountEvents
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 23, 58, 50, TimeSpan.Zero);

    public Kit(ExpiredHolds expired = ExpiredHolds.Charge, DateTimeOffset? at = null)
    {
        Expired = expired;
        Clock = new FakeTimeProvider(at ?? Start) { AutoAdvanceAmount = TimeSpan.Zero };
        Tracker = new InMemoryCostTracker(Clock, () => Expired, this);
    }

    public FakeTimeProvider Clock { get; }

    public InMemoryCostTracker Tracker { get; }

    public ExpiredHolds Expired { get; set; }

    /// <summary>False: every hold is asked for in the way that also refuses.</summary>
    public bool AsksForTheCommon { get; init; } = true;

    public List<AccountEvent> Events { get; } = [];

    public static WindowSpec Calendar(BudgetPeriod period, string zone = "UTC") => new(period, TimeZoneInfo.FindSystemTimeZoneById(zone));

    public static WindowSpec Rolling(TimeSpan length) => new(BudgetPeriod.Total, TimeZoneInfo.Utc, length);

    public static BudgetTerms Terms(string name, WindowSpec? window = null, BudgetUnit unit = BudgetUnit.Usd) =>
        new() { Name = name, Unit = unit, Window = window ?? Calendar(BudgetPeriod.Day) };

    public static Account Of(BudgetTerms terms, long limit, params string?[] partition) => new(terms, [.. partition], limit);

    public static AccountSet Set(params Account[] accounts) => new([.. accounts]);

    public static Charge Nanos(long nanos, long tokens = 0, long requests = 0) => new(Money.FromNanos(nanos), tokens, requests);

    /// <summary>The result of a step that the tracker in memory has to have done at once: nothing is waited for.</summary>
    public static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompletedSuccessfully);
        return task.GetAwaiter().GetResult();
    }

    public static void Now(ValueTask task) => Assert.True(task.IsCompletedSuccessfully);

    /// <summary>Asks as the guard does: for the common hold first, and where that is not granted for any.</summary>
    public HoldResult TryHold(AccountSet set, Charge amount, TimeSpan? ttl = null, HoldId id = default)
    {
        HoldRequest request = new(set, amount, ttl ?? TimeSpan.FromDays(30), id);
        return AsksForTheCommon && Tracker.TryHold(request, out GrantedHold granted)
            ? new HoldResult(HoldOutcome.Held, new Hold(granted.Id, set, amount), default) { Tightest = granted.Tightest, Remaining = granted.Remaining }
            : Now(Tracker.HoldAsync(request, CancellationToken.None));
    }

    public HoldResult TryHold(AccountSet set, long nanos) => TryHold(set, Nanos(nanos));

    public Hold Hold(AccountSet set, long nanos, TimeSpan? ttl = null, HoldId id = default)
    {
        HoldResult result = TryHold(set, Nanos(nanos), ttl, id);
        Assert.Equal(HoldOutcome.Held, result.Outcome);
        return result.Hold;
    }

    public Refusal Refused(AccountSet set, long nanos)
    {
        HoldResult result = TryHold(set, nanos);
        Assert.Equal(HoldOutcome.Refused, result.Outcome);
        return Assert.Single(result.Refusals);
    }

    public void Settle(Hold hold, long nanos) => Now(Tracker.SettleAsync(hold, Nanos(nanos), CancellationToken.None));

    public void Release(Hold hold) => Now(Tracker.ReleaseAsync(hold, CancellationToken.None));

    public void Adjust(Hold hold, long settled, long actual) =>
        Now(Tracker.AdjustAsync(hold, Nanos(settled), Nanos(actual), CancellationToken.None));

    public HoldResult Extend(Hold hold, long nanos) => Now(Tracker.ExtendAsync(hold, Nanos(nanos), CancellationToken.None));

    public void Spend(AccountSet set, long nanos) => Settle(Hold(set, nanos), nanos);

    public AccountState Read(Account account) => Now(Tracker.ReadAsync(account, CancellationToken.None));

    public void Occurred(AccountEvent accountEvent)
    {
        lock (Events)
        {
            Events.Add(accountEvent);
        }
    }

    public ImmutableArray<AccountEvent> Told(AccountEventKind kind) => [.. Events.Where(e => e.Kind == kind)];
}
