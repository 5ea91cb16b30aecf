using System.Collections.Immutable;

namespace BudgetGuard.Conformance;

/// <summary>What a hold promises.</summary>
public abstract class HoldPromises<TRig> : Promise<TRig>
    where TRig : TrackerRig, new()
{
    [Fact]
    public async Task All_accounts_or_none()
    {
        Account wide = Of(Terms("wide"), 1_000);
        Account narrow = Of(Terms("narrow"), 100);
        await HoldAsync(Set(wide, narrow), 60);
        ImmutableArray<Refusal> refusals = await RefusedAsync(Set(wide, narrow), 60);
        Assert.Equal(["narrow"], refusals.Select(static refusal => refusal.Account.Terms.Name));
        await AssertAsync(wide, 0, 60);
        await AssertAsync(narrow, 0, 60);
    }

    [Fact]
    public async Task Exactly_at_the_limit_fits_and_nothing_fits_always()
    {
        Account account = Of(Terms(), 100);
        await HoldAsync(Set(account), 100);
        await RefusedAsync(Set(account), 1);
        await HoldAsync(Set(account), 0);
        await AssertAsync(account, 0, 100);
    }

    [Fact]
    public async Task Every_account_that_refuses_is_named_with_its_figures()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)), 100);
        Account total = Of(Terms("total"), 50);
        Account roomy = Of(Terms("roomy"), 10_000);
        await SpendAsync(Set(day, total), 40);
        ImmutableArray<Refusal> refusals = await RefusedAsync(Set(day, total, roomy), 70);
        Assert.Equal(["day", "total"], refusals.Select(static refusal => refusal.Account.Terms.Name));
        Assert.Equal((70L, 40L, 100L), (refusals[0].Requested, refusals[0].State.Settled, refusals[0].State.Limit));
        Assert.False(refusals[0].ExceedsLimit || refusals[0].IsHeldByOthers);
        Assert.Equal(new DateTimeOffset(2027, 4, 1, 0, 0, 0, TimeSpan.Zero), refusals[0].RetryAt);
        Assert.True(refusals[1].ExceedsLimit);
        Assert.Null(refusals[1].RetryAt);
    }

    [Fact]
    public async Task What_others_only_hold_is_not_gone()
    {
        Account account = Of(Terms("day", Calendar(BudgetPeriod.Day)), 100);
        await HoldAsync(Set(account), 80);
        Refusal refusal = Assert.Single(await RefusedAsync(Set(account), 50));
        Assert.True(refusal.IsHeldByOthers);
        Assert.Equal(Rig.Time.GetUtcNow() + TimeSpan.FromSeconds(1), refusal.RetryAt);
    }

    [Fact]
    public async Task A_budget_that_is_not_enforced_refuses_nobody_and_says_so()
    {
        Account shadow = Of(Terms("shadow") with { Enforced = false }, 10);
        Account enforced = Of(Terms("enforced"), 1_000);
        HoldResult result = await TryHoldAsync(Set(shadow, enforced), 60);
        Assert.Equal(HoldOutcome.Held, result.Outcome);
        Assert.Equal("shadow", Assert.Single(result.Refusals).Account.Terms.Name);
        await AssertAsync(shadow, 0, 60);
    }

    [Fact]
    public async Task The_account_with_least_left_is_told()
    {
        HoldResult result = await TryHoldAsync(Set(Of(Terms("a"), 1_000), Of(Terms("b"), 300), Of(Terms("c", unit: BudgetUnit.Requests), 2)), 100);
        Assert.Equal((1, 200L), (result.Tightest, result.Remaining));
    }

    [Fact]
    public async Task The_same_identity_is_the_same_hold_and_another_payload_is_a_conflict()
    {
        Account account = Of(Terms(), 1_000);
        Hold first = await HoldAsync(Set(account), 100, new HoldId(1, 1));
        HoldResult again = await TryHoldAsync(Set(account), 100, new HoldId(1, 1));
        Assert.Equal((HoldOutcome.Held, first.Id, true), (again.Outcome, again.Hold.Id, again.IsRepeat));
        Assert.Equal(HoldOutcome.Conflict, (await TryHoldAsync(Set(account), 101, new HoldId(1, 1))).Outcome);
        Assert.Equal(HoldOutcome.Conflict, (await TryHoldAsync(Set(Of(Terms("other"))), 100, new HoldId(1, 1))).Outcome);
        await AssertAsync(account, 0, 100);
        await SettleAsync(first, 90);
        Assert.Equal(HoldOutcome.Conflict, (await TryHoldAsync(Set(account), 100, new HoldId(1, 1))).Outcome);
        await AssertAsync(account, 90);
    }

    [Fact]
    public async Task Holds_have_identities_of_their_own()
    {
        Account account = Of(Terms(), 10_000);
        HashSet<HoldId> ids = [];
        for (int i = 0; i < 50; i++)
        {
            Assert.True(ids.Add((await HoldAsync(Set(account), 1)).Id));
        }

        Assert.DoesNotContain(default, ids);
    }

    [Fact]
    public async Task Of_many_at_once_as_many_get_through_as_there_is_money_for()
    {
        Account wide = Of(Terms("wide"), 1_000_000);
        Account narrow = Of(Terms("narrow"), 1_000);
        HoldResult[] results = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => TryHoldAsync(Set(wide, narrow), 25))));
        Assert.Equal(40, results.Count(static result => result.Outcome == HoldOutcome.Held));
        await AssertAsync(narrow, 0, 1_000);
        await AssertAsync(wide, 0, 1_000);
    }

    [Fact]
    public async Task Holds_and_settlements_at_once_never_pass_a_limit_and_come_out_exactly()
    {
        Account account = Of(Terms(), 500);
        long sum = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 40; i++)
            {
                HoldResult result = await TryHoldAsync(Set(account), 20);
                if (result.Outcome == HoldOutcome.Held)
                {
                    AccountState state = await ReadAsync(account);
                    Assert.True(state.Settled + state.Held <= 500, state.ToString());
                    long actual = random.Next(3) == 0 ? 0 : random.Next(1, 5);
                    Interlocked.Add(ref sum, actual);
                    await (actual == 0 ? ReleaseAsync(result.Hold) : SettleAsync(result.Hold, actual));
                }
            }
        })));
        await AssertAsync(account, sum);
    }

    [Fact]
    public async Task Slots_are_given_back()
    {
        Account slots = Of(Terms("slots", unit: BudgetUnit.Concurrency), 2);
        Hold first = await HoldAsync(Set(slots), 100);
        await HoldAsync(Set(slots), 100);
        Refusal refusal = Assert.Single(await RefusedAsync(Set(slots), 100));
        Assert.True(refusal.IsHeldByOthers);
        await SettleAsync(first, 500);
        await AssertAsync(slots, 0, 1);
        await HoldAsync(Set(slots), 1);
        Rig.Time.Advance(Ttl);
        await AssertAsync(slots, 0);
    }

    [Fact]
    public async Task Units_are_counted_apart()
    {
        Account tokens = Of(Terms("tokens", unit: BudgetUnit.Tokens), 500);
        Account requests = Of(Terms("requests", unit: BudgetUnit.Requests), 5);
        Hold hold = await HoldAsync(Set(tokens, requests), 200);
        await Tracker.SettleAsync(hold, Nanos(7, 150, 1), default);
        await AssertAsync(tokens, 150);
        await AssertAsync(requests, 1);
    }

    [Theory]
    [InlineData(1L << 52)]
    [InlineData((1L << 53) - 1)]
    [InlineData(1L << 53)]
    [InlineData((1L << 53) + 1)]
    [InlineData(9_000_000_000_000_000)]
    [InlineData(100_000_000_000_001)]
    [InlineData(long.MaxValue)]
    public async Task Large_amounts_are_exact(long limit)
    {
        // A store that cannot count so far says so; what it takes it counts.
        Account account = Of(Terms(), Math.Min(limit, Rig.MostLimit));
        await SpendAsync(Set(account), account.Limit - 1);
        await RefusedAsync(Set(account), 2);
        Hold last = await HoldAsync(Set(account), 1);
        await RefusedAsync(Set(account), 1);
        await ReleaseAsync(last);
        await AssertAsync(account, account.Limit - 1);
    }

    [Fact]
    public async Task A_limit_that_cannot_be_counted_is_named()
    {
        if (Rig.MostLimit < long.MaxValue)
        {
            ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => TryHoldAsync(Set(Of(Terms("huge"), Rig.MostLimit + 1)), 1));
            Assert.Contains("huge", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Nonsense_is_refused_and_changes_nothing()
    {
        Account account = Of(Terms());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => TryHoldAsync(Set(account), -1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => TryHoldAsync(Set(account), 1, ttl: TimeSpan.Zero));
        await Assert.ThrowsAsync<ArgumentException>(() => TryHoldAsync(Set(account, account), 1));
        Hold hold = await HoldAsync(Set(account), 10);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SettleAsync(hold, -1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ExtendAsync(hold, -1));
        await AssertAsync(account, 0, 10);
    }

    [Fact]
    public async Task Who_has_left_holds_nothing()
    {
        Account account = Of(Terms());
        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Tracker.HoldAsync(new HoldRequest(Set(account), Nanos(10), Ttl), left.Token));
        await AssertAsync(account, 0);
    }

    [Fact]
    public async Task A_denial_stands_only_while_nothing_is_freed()
    {
        Account account = Of(Terms(), 100);
        AccountSet set = Set(account);
        Hold hold = await HoldAsync(set, 100);
        await TryHoldAsync(set, 1);
        long before = Tracker.ReadFreedVersion(set);
        await ReleaseAsync(hold);
        Assert.NotEqual(before, Tracker.ReadFreedVersion(set));
    }
}
