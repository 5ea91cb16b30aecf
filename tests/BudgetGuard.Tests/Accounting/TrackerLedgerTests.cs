using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>What administrators do with accounts: top-ups, resets and lists.</summary>
public sealed class TrackerLedgerTests
{
    private readonly Kit _kit = new();
    private readonly Account _day = Kit.Of(Kit.Terms("day"), 100);

    [Fact]
    public void A_top_up_counts_until_its_window_ends_and_frees()
    {
        AccountSet set = Kit.Set(_day);
        _kit.Spend(set, 100);
        _kit.Refused(set, 1);
        long freed = _kit.Tracker.ReadFreedVersion(set);
        Assert.Equal((150, 100), (TopUp(_day, 50).Limit, _kit.Read(_day).Settled));
        Assert.NotEqual(freed, _kit.Tracker.ReadFreedVersion(set));
        _kit.Spend(set, 50);
        _kit.Refused(set, 1);
        _kit.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal((100, 0), (_kit.Read(_day).Limit, _kit.Read(_day).Settled));
        _kit.Spend(set, 100);
        _kit.Refused(set, 1);
    }

    [Fact]
    public void A_top_up_of_a_rolling_account_lasts_its_length_and_one_without_end_for_ever()
    {
        Account rolling = Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromHours(1))), 100);
        Account total = Kit.Of(Kit.Terms("total", Kit.Calendar(BudgetPeriod.Total)), 100);
        Account slots = Kit.Of(Kit.Terms("slots", unit: BudgetUnit.Concurrency), 1);
        TopUp(rolling, 10);
        TopUp(total, 10);
        TopUp(slots, 1);
        _kit.Clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        Assert.Equal(110, _kit.Read(rolling).Limit);
        _kit.Hold(Kit.Set(rolling), 110);
        _kit.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(100, _kit.Read(rolling).Limit);
        _kit.Clock.Advance(TimeSpan.FromDays(1000));
        Assert.Equal(110, _kit.Read(total).Limit);
        AccountSet one = Kit.Set(slots);
        _kit.Hold(one, 1);
        _kit.Hold(one, 1);
        _kit.Refused(one, 1);
    }

    [Fact]
    public void A_top_up_that_ends_within_the_window_ends_to_the_tick_also_for_the_common_hold()
    {
        AccountSet set = Kit.Set(_day);
        TopUp(_day, 50, Kit.Start + TimeSpan.FromSeconds(10));
        _kit.Spend(set, 100);
        _kit.Clock.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        _kit.Spend(set, 20);
        _kit.Clock.Advance(TimeSpan.FromTicks(1));
        Refusal refusal = _kit.Refused(set, 1);
        Assert.Equal((100, 120), (refusal.State.Limit, refusal.State.Settled));
    }

    [Fact]
    public void What_a_raised_limit_paid_for_is_no_debt_and_later_windows_pay_off_their_own_limit()
    {
        Account debt = Kit.Of(Kit.Terms("debt") with { CarryDebt = true }, 100);
        AccountSet set = Kit.Set(debt);
        TopUp(debt, 50);
        _kit.Settle(_kit.Hold(set, 150), 300);
        _kit.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(150, _kit.Read(debt).Debt);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(50, _kit.Read(debt).Debt);

        Kit skipped = new();
        Kit.Now(skipped.Tracker.TopUpAsync(debt, 50, null, CancellationToken.None));
        skipped.Settle(skipped.Hold(Kit.Set(debt), 150), 300);
        skipped.Clock.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(2));
        Assert.Equal(50, skipped.Read(debt).Debt);
    }

    [Fact]
    public void Who_fits_only_under_the_raised_limit_is_told_no_time_to_come_back()
    {
        AccountSet set = Kit.Set(_day);
        TopUp(_day, 50);
        _kit.Spend(set, 100);
        Assert.Null(_kit.Refused(set, 120).RetryAt);
        Assert.False(_kit.Refused(set, 120).ExceedsLimit);
        DateTimeOffset? retryAt = _kit.Refused(set, 80).RetryAt;
        _kit.Clock.SetUtcNow(retryAt!.Value);
        _kit.Hold(set, 80);
    }

    [Fact]
    public void Overrides_and_reloads_keep_a_top_up()
    {
        BudgetTerms terms = Kit.Terms("day");
        Account other = Kit.Of(terms, 40);
        Account usual = Kit.Of(terms, 100);
        TopUp(usual, 50);
        _kit.Refused(Kit.Set(other), 91);
        _kit.Spend(Kit.Set(other), 90);
        _kit.Spend(Kit.Set(usual), 60);
        _kit.Refused(Kit.Set(usual), 1);
        Account reloaded = Kit.Of(Kit.Terms("day"), 110);
        _kit.Spend(Kit.Set(reloaded), 10);
        _kit.Refused(Kit.Set(reloaded), 1);
        Assert.Equal((160, 160), (_kit.Read(reloaded).Limit, _kit.Read(reloaded).Settled));
    }

    [Fact]
    public void Top_ups_that_end_together_are_one_and_of_others_there_are_not_too_many()
    {
        for (int i = 0; i < TopUps.Most; i++)
        {
            TopUp(_day, 1, Kit.Start + TimeSpan.FromDays(i + 1));
        }

        TopUp(_day, 1, Kit.Start + TimeSpan.FromDays(1));
        Assert.Throws<ArgumentException>(() => TopUp(_day, 1, Kit.Start + TimeSpan.FromDays(100)));
        Assert.Throws<ArgumentException>(() => TopUp(_day, 1, Kit.Start));
        Assert.Throws<ArgumentOutOfRangeException>(() => TopUp(_day, 0));
        Assert.Equal(100 + TopUps.Most + 1, _kit.Read(_day).Limit);
        Assert.Equal(long.MaxValue, TopUp(_day, long.MaxValue, Kit.Start + TimeSpan.FromDays(1)).Limit);
        _kit.Hold(Kit.Set(_day), long.MaxValue);
    }

    [Fact]
    public void A_topped_up_account_is_not_given_to_another_partition_while_that_lasts()
    {
        BudgetTerms terms = Kit.Terms("user") with { Per = ["User"], MaxTrackedPartitions = 1 };
        Account alice = Kit.Of(terms, 100, "alice");
        TopUp(alice, 50, Kit.Start + TimeSpan.FromDays(2));
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(Kit.Set(Kit.Of(terms, 100, "bob")), 1);
        Assert.Throws<InvalidOperationException>(() => TopUp(Kit.Of(terms, 100, "bob"), 1));
        Assert.Equal(150, _kit.Read(alice).Limit);
        _kit.Clock.Advance(TimeSpan.FromDays(2));
        TopUp(Kit.Of(terms, 100, "bob"), 1);
    }

    [Fact]
    public void After_a_reset_old_holds_settle_release_expire_and_grow_where_they_were_taken()
    {
        AccountSet set = Kit.Set(_day);
        _kit.Spend(set, 10);
        Hold settled = _kit.Hold(set, 10);
        Hold released = _kit.Hold(set, 10);
        _kit.Hold(set, 10, TimeSpan.FromSeconds(5));
        Hold grown = _kit.Hold(set, 10);
        Assert.Equal((0, 0, 100), (Reset(_day).Settled, _kit.Read(_day).Held, _kit.Read(_day).Available));
        _kit.Spend(set, 100);
        _kit.Refused(set, 1);
        _kit.Settle(settled, 20);
        _kit.Release(released);
        Assert.Equal(HoldOutcome.Held, Kit.Now(_kit.Tracker.ExtendAsync(grown, Kit.Nanos(5), CancellationToken.None)).Outcome);
        _kit.Settle(grown, 15);
        _kit.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal((100, 0), (_kit.Read(_day).Settled, _kit.Read(_day).Held));
        Assert.Equal(0, _kit.Tracker.OpenHolds);
        _kit.Refused(set, 1);
    }

    [Fact]
    public void After_a_reset_everything_is_told_again_as_something_new_and_nothing_of_the_old()
    {
        Account day = Kit.Of(Kit.Terms("day") with { AlertAt = [0.5m] }, 100);
        AccountSet set = Kit.Set(day);
        Hold old = _kit.Hold(set, 40);
        _kit.Spend(set, 60);
        AccountEvent first = Assert.Single(_kit.Events, static one => one.Kind == AccountEventKind.ThresholdReached);
        Reset(day);
        Assert.Equal(AccountEventKind.Recovered, _kit.Events[^1].Kind);
        int before = _kit.Events.Count;
        _kit.Settle(old, 40);
        Assert.Equal(before, _kit.Events.Count);
        _kit.Spend(set, 60);
        AccountEvent second = Assert.Single(_kit.Events.Skip(before), static one => one.Kind == AccountEventKind.ThresholdReached);
        Assert.Equal((first.Since, first.Round + 1), (second.Since, second.Round));
    }

    [Fact]
    public void A_top_up_lets_a_share_and_a_refusal_be_told_anew()
    {
        Account day = Kit.Of(Kit.Terms("day") with { AlertAt = [0.5m] }, 100);
        AccountSet set = Kit.Set(day);
        _kit.Spend(set, 100);
        _kit.Refused(set, 1);
        TopUp(day, 200);
        Assert.Equal(2, _kit.Events.Count(static one => one.Kind == AccountEventKind.Recovered));
        int before = _kit.Events.Count;
        _kit.Spend(set, 200);
        _kit.Refused(set, 1);
        Assert.Equal([AccountEventKind.ThresholdReached, AccountEventKind.Refused], _kit.Events.Skip(before).Select(static one => one.Kind));
    }

    [Fact]
    public void Only_accounts_in_use_are_listed_and_that_keeps_none_from_giving_its_place()
    {
        BudgetTerms terms = Kit.Terms("user") with { Per = ["User"], MaxTrackedPartitions = 2 };
        foreach (string user in (string[])["alice", "bob", "carol"])
        {
            _kit.Spend(Kit.Set(Kit.Of(terms, 100, user)), 10);
        }

        Account any = Kit.Of(terms, 100);
        Assert.Equal(["", "alice", "bob"], List(any).Select(static one => one.Account.Key.Partition.FirstOrDefault() ?? "").Order(StringComparer.Ordinal));
        Assert.Equal(10, Assert.Single(List(any, static key => key.Partition.Contains("bob"))).State.Settled);
        Assert.Single(List(any, most: 1));
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(List(any));
        foreach (string user in (string[])["dave", "eve"])
        {
            TopUp(Kit.Of(terms, 100, user), 1);
        }
    }

    [Fact]
    public async Task Resets_and_top_ups_in_the_midst_of_requests_lose_nothing()
    {
        var user = Kit.Of(Kit.Terms("user", Kit.Calendar(BudgetPeriod.Total)), 1_000);
        var all = Kit.Of(Kit.Terms("all", Kit.Calendar(BudgetPeriod.Total)), long.MaxValue);
        long settled = 0;
        using var over = new CancellationTokenSource();
        Task[] requests = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            AccountSet set = Kit.Set(user, all);
            for (int i = 0; i < 20_000; i++)
            {
                if (_kit.TryHold(set, 7) is { Outcome: HoldOutcome.Held } held)
                {
                    _kit.Settle(held.Hold, 5);
                    Interlocked.Add(ref settled, 5);
                }
            }
        }))];
        Task administrator = Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                TopUp(user, 3, Kit.Start + TimeSpan.FromDays(1));
                List(user);
                Reset(user);
            }
        });
        await Task.WhenAll(requests);
        await over.CancelAsync();
        await administrator;
        Assert.Equal((settled, 0), (_kit.Read(all).Settled, _kit.Read(all).Held));
        Assert.InRange(_kit.Read(user).Settled, 0, 1_003);
        Assert.Equal((0, 0), (_kit.Read(user).Held, _kit.Tracker.OpenHolds));
    }

    private AccountState TopUp(Account account, long amount, DateTimeOffset? until = null) =>
        Kit.Now(_kit.Tracker.TopUpAsync(account, amount, until, CancellationToken.None));

    private AccountState Reset(Account account) => Kit.Now(_kit.Tracker.ResetAsync(account, CancellationToken.None));

    private IReadOnlyList<AccountReading> List(Account account, Func<AccountKey, bool>? filter = null, int most = 100) =>
        Kit.Now(_kit.Tracker.ListAsync(account, filter ?? (static _ => true), most, CancellationToken.None));
}
