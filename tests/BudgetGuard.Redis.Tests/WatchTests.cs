using BudgetGuard.Accounting;

namespace BudgetGuard.Redis.Tests;

/// <summary>What nodes find that look at all accounts: the same as one does that has them in memory, and each once.</summary>
public sealed class WatchTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly DateTimeOffset _start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    private static readonly BudgetTerms _day = new()
    {
        Name = "day", Unit = BudgetUnit.Usd, Window = new WindowSpec(BudgetPeriod.Day, TimeZoneInfo.Utc), Per = ["User"], SpikeFactor = 0,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_window_is_forecast_once_whichever_node_looks_and_its_end_is_told(bool changesNode)
    {
        Account account = Of(_day, 2_880_000, "ann");
        await using var world = new WatchWorld(redis, _start, account);
        Node one = await world.AddAsync();
        await world.AddAsync();
        for (int i = 0; i < 300; i++)
        {
            await world.SpendAsync(account, 11_000 / (i < 250 ? 1 : 100), i % 2 == 0 && !one.IsDisposed ? 0 : 1);
            await world.LookAsync();
            world.Time.Advance(TimeSpan.FromMinutes(5));
            if (changesNode && i == 60)
            {
                await one.DisposeAsync();
            }
        }

        AccountEvent expected = Assert.Single(world.Expected, static told => told.Kind == AccountEventKind.Forecast);
        (int node, AccountEvent found) = Assert.Single(world.Told, static told => told.Event.Kind == AccountEventKind.Forecast);
        Assert.Equal(changesNode ? 1 : 0, node);
        Assert.Equal((expected.Amount, expected.GoneBy, expected.Since, expected.State), (found.Amount, found.GoneBy, found.Since, found.State));
        AccountEvent over = Assert.Single(world.ToldOf(AccountEventKind.Recovered));
        Assert.Equal((NoticeKind.Forecast, 1m, found.Since), (over.Notice, over.Threshold, over.Since));
        Assert.Equal(2, world.Raised);
    }

    [Fact]
    public async Task A_minute_far_above_the_usual_is_told_once_also_where_another_node_went_on()
    {
        Account account = Of(_day with { SpikeFactor = 10, ForecastAt = 0 }, 100_000, "ann");
        await using var world = new WatchWorld(redis, _start, account);
        Node one = await world.AddAsync();
        Node two = await world.AddAsync();
        for (int minute = 0; minute < 40; minute++)
        {
            for (int look = 0; look < 4; look++)
            {
                await world.SpendAsync(account, minute is 35 or 37 ? 500 : 25, look % 2 == 0 && !one.IsDisposed ? 0 : 1);
                await world.LookAsync();
                world.Time.Advance(TimeSpan.FromSeconds(15));
            }

            if (minute == 20)
            {
                await one.DisposeAsync();
                await two.Tracker.ScanAsync(default);
            }
        }

        AccountEvent expected = Assert.Single(world.Expected, static told => told is { Kind: AccountEventKind.Spiked, IsMinute: true });
        (int node, AccountEvent found) = Assert.Single(world.Told, static told => told.Event.Kind == AccountEventKind.Spiked);
        Assert.Equal((1, expected.Amount, expected.Expected, true), (node, found.Amount, found.Expected, found.IsMinute));
    }

    [Fact]
    public async Task What_was_spent_while_nobody_looked_is_no_minute()
    {
        Account account = Of(_day with { SpikeFactor = 10, ForecastAt = 0 }, 1_000_000, "ann");
        await using var world = new WatchWorld(redis, _start, account);
        await world.AddAsync();
        for (int minute = 0; minute < 80; minute++)
        {
            await world.SpendAsync(account, 1_000);
            if (minute is < 35 or > 75)
            {
                await world.LookAsync();
            }

            world.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Empty(world.ToldOf(AccountEventKind.Spiked));
    }

    [Fact]
    public async Task A_share_is_over_when_so_much_was_given_back_and_not_before()
    {
        Account account = Of(_day with { AlertAt = [0.5m, 0.8m], ForecastAt = 0 }, 1_000, "ann");
        await using var world = new WatchWorld(redis, _start, account);
        Node one = await world.AddAsync();
        await world.AddAsync();
        await world.SpendAsync(account, 500);
        HoldResult held = await one.Tracker.HoldAsync(new HoldRequest(new AccountSet([account]), WatchWorld.Nanos(400), TimeSpan.FromDays(1)), default);
        await one.Tracker.SettleAsync(held.Hold, WatchWorld.Nanos(400), default);
        await world.ClaimAsync();
        await world.LookAsync();
        Assert.Equal(2, world.Told.Count);
        Assert.Empty(world.ToldOf(AccountEventKind.Recovered));
        await one.Tracker.AdjustAsync(held.Hold, WatchWorld.Nanos(400), WatchWorld.Nanos(292), default);
        await world.LookAsync();
        Assert.Empty(world.ToldOf(AccountEventKind.Recovered));
        await one.Tracker.AdjustAsync(held.Hold, WatchWorld.Nanos(292), WatchWorld.Nanos(291), default);
        await world.LookAsync();
        await world.LookAsync();
        AccountEvent over = Assert.Single(world.ToldOf(AccountEventKind.Recovered));
        Assert.Equal((NoticeKind.Threshold, 0.8m), (over.Notice, over.Threshold));
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.LookAsync();
        Assert.Single(world.ToldOf(AccountEventKind.Recovered));
    }

    [Theory]
    [InlineData(BudgetAction.Reject)]
    [InlineData(BudgetAction.Throttle)]
    public async Task A_refusal_is_over_with_its_window_also_of_the_account_that_many_share(BudgetAction action)
    {
        BudgetTerms terms = _day with { AlertAt = [], ForecastAt = 0, MaxTrackedPartitions = 1, OnExceeded = action };
        Account[] accounts = [Of(terms, 100, "ann"), Of(terms, 100, "bob"), Of(terms, 100, "cid")];
        await using var world = new WatchWorld(redis, _start, accounts[0]);
        await world.AddAsync();
        foreach (Account account in accounts)
        {
            await world.SpendAsync(account, 60);
            await world.SpendAsync(account, 60);
        }

        await world.LookAsync();
        Assert.Equal([false, true], world.ToldOf(AccountEventKind.Refused).Select(static told => told.IsShared));
        Assert.Empty(world.ToldOf(AccountEventKind.Recovered));
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.LookAsync();
        AccountEvent[] over = world.ToldOf(AccountEventKind.Recovered);
        Assert.Equal([false, true], over.Select(static told => told.IsShared).Order());
        Assert.All(over, told => Assert.Equal((NoticeKind.Exceeded, action == BudgetAction.Throttle, _start.UtcTicks), (told.Notice, told.Throttles, told.Since)));
        int raised = world.Raised;
        await world.LookAsync();
        Assert.Equal(raised, world.Raised);
    }

    [Fact]
    public async Task A_raised_limit_ends_what_it_makes_untrue_and_a_lower_one_tells_what_it_makes_true()
    {
        BudgetTerms terms = _day with { AlertAt = [0.5m, 1m] };
        Account account = Of(terms, 2_880_000, "ann");
        await using var world = new WatchWorld(redis, _start, account);
        Node node = await world.AddAsync();
        for (int i = 0; i < 250; i++)
        {
            await world.SpendAsync(account, 11_000);
            await world.LookAsync();
            world.Time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal([AccountEventKind.ThresholdReached, AccountEventKind.Forecast], world.Told.Select(static told => told.Event.Kind).Order());
        await node.Tracker.TopUpAsync(account, 25_920_000, null, default);
        await world.LookAsync();
        Assert.Equal([NoticeKind.Threshold, NoticeKind.Forecast], world.ToldOf(AccountEventKind.Recovered).Select(static told => told.Notice).Order());

        Account lower = Of(terms with { Name = "other" }, 10_000, "ann");
        await world.SpendAsync(lower, 600);
        await world.LookAsync();
        lower = Of(lower.Terms, 1_000, "ann");
        await world.SpendAsync(lower, 10);
        await world.LookAsync();
        await world.LookAsync();
        Assert.Equal("other", Assert.Single(world.ToldOf(AccountEventKind.ThresholdReached), static told => told.State.Settled == 610).Account.Terms.Name);
    }

    [Fact]
    public async Task Slots_that_are_free_again_are_told_after_an_hour()
    {
        BudgetTerms terms = new() { Name = "slots", Unit = BudgetUnit.Concurrency, Window = WindowSpec.Total, OnExceeded = BudgetAction.Throttle };
        var account = new Account(terms, [], 1);
        await using var world = new WatchWorld(redis, _start, account);
        Node node = await world.AddAsync();
        HoldResult held = await node.Tracker.HoldAsync(new HoldRequest(new AccountSet([account]), WatchWorld.Nanos(1), TimeSpan.FromDays(1)), default);
        Assert.Equal(HoldOutcome.Refused, (await node.Tracker.HoldAsync(new HoldRequest(new AccountSet([account]), WatchWorld.Nanos(1), TimeSpan.FromDays(1)), default)).Outcome);
        await world.LookAsync();
        Assert.Single(world.ToldOf(AccountEventKind.Refused));
        world.Time.Advance(TimeSpan.FromHours(2));
        await world.LookAsync();
        Assert.Empty(world.ToldOf(AccountEventKind.Recovered));
        await node.Tracker.ReleaseAsync(held.Hold, default);
        await world.LookAsync();
        Assert.Equal(NoticeKind.HeldByOthers, Assert.Single(world.ToldOf(AccountEventKind.Recovered)).Notice);
    }

    [Fact]
    public async Task What_was_not_delivered_has_no_end()
    {
        Account account = Of(_day with { AlertAt = [0.5m, 0.8m], ForecastAt = 0 }, 1_000, "ann");
        await using var world = new WatchWorld(redis, _start, account);
        Node node = await world.AddAsync();
        await world.SpendAsync(account, 600);
        await world.SpendAsync(account, 300);
        AccountEvent[] told = world.ToldOf(AccountEventKind.ThresholdReached);
        Assert.Equal([0.5m, 0.8m], told.Select(static one => one.Threshold));
        await node.Tracker.ReleaseAlertAsync(new Alerts.Raising.AccountAlert(AlertTypes.ThresholdReached, told[1], _start).Claim, default);
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.LookAsync();
        Assert.Equal(0.5m, Assert.Single(world.ToldOf(AccountEventKind.Recovered)).Threshold);
    }

    [Fact]
    public async Task A_budget_that_only_requests_name_is_looked_at_too()
    {
        Account account = Of(_day with { AlertAt = [], ForecastAt = 0 }, 100, "ann");
        await using var world = new WatchWorld(redis, _start);
        await world.AddAsync(isConfigured: false);
        await world.SpendAsync(account, 60);
        await world.SpendAsync(account, 60);
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.LookAsync();
        Assert.Single(world.ToldOf(AccountEventKind.Recovered));
    }

    private static Account Of(BudgetTerms terms, long limit, string user) => new(terms, [user], limit);
}
