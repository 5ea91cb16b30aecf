using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Responses;

/// <summary>Which budget decides where several refuse, and what a refusal says that no waiting cures.</summary>
public sealed class DecidingBudgetTests
{
    [Fact]
    public async Task Reject_decides_over_throttle_though_its_retry_is_sooner()
    {
        Told told = await AskAsync(
            """{"Budgets":{"month":{"Limit":0.50,"Period":"Month","OnExceeded":"Throttle"},"day":{"Limit":0.50,"Period":"Day"}}}""", spend: 0.50m);
        Assert.Equal((402, "reject", "day"), (told.Status, (string?)told.Json["decision"], (string?)told.Json["budget"]));
        Assert.Null(told.RetryAfter);
    }

    [Theory]
    [InlineData("""{"Budgets":{"a_minute":{"Limit":0.50,"Period":"Minute"},"b_hour":{"Limit":0.50,"Period":"Hour"}}}""")]
    [InlineData("""{"Budgets":{"b_hour":{"Limit":0.50,"Period":"Hour"},"c_minute":{"Limit":0.50,"Period":"Minute"}}}""")]
    public async Task Latest_retry_decides_among_throttles_whatever_their_order(string section)
    {
        Told told = await AskAsync(section, spend: 0.50m);
        Assert.Equal((429, "b_hour", 3600), (told.Status, (string?)told.Json["budget"], told.RetryAfter));
    }

    [Fact]
    public async Task Budget_that_still_has_money_has_no_say()
    {
        Told told = await AskAsync(
            """{"Budgets":{"minute":{"Limit":0.50,"Period":"Minute"},"day":{"Limit":50,"Period":"Day"}}}""", spend: 0.50m);
        Assert.Equal((429, "minute", 60), (told.Status, (string?)told.Json["budget"], told.RetryAfter));
    }

    [Theory]
    [InlineData("Reject")]
    [InlineData("Throttle")]
    public async Task Request_above_the_whole_limit_is_402_also_where_the_budget_throttles(string onExceeded)
    {
        Told told = await AskAsync($$"""{"Budgets":{"burst":{"Limit":0.05,"Period":"Minute","OnExceeded":"{{onExceeded}}"} } }""", spend: 0);
        Assert.Equal((402, "reject", "request_exceeds_limit"), (told.Status, (string?)told.Json["decision"], (string?)told.Json["reason"]));
        Assert.Equal(("false", null), (told["x-should-retry"], told["Retry-After"]));
        Assert.Equal(
            """{"error":"Budget limit exceeded","decision":"reject","user_id":"alice","model":null,"retry_after":null,"budget":"burst","operation":"api_call","resets_at":"2026-06-10T12:01:00Z","reason":"request_exceeds_limit"}""",
            told.Body);
    }

    [Fact]
    public async Task Exactly_the_limit_is_admitted()
    {
        Told told = await AskAsync("""{"Budgets":{"day":{"Limit":0.10,"Period":"Day"}}}""", spend: 0);
        Assert.Equal(200, told.Status);
    }

    [Theory]
    [InlineData("Reject")]
    [InlineData("Throttle")]
    public async Task Refused_only_because_others_hold_it_is_429_for_a_second_also_under_reject(string onExceeded)
    {
        await using GuardedApp app = await StartAsync($$"""{"Budgets":{"day":{"Limit":0.15,"Period":"Day","OnExceeded":"{{onExceeded}}"} } }""");
        await using BudgetLease other = await app.Guard.BeginAsync(new BudgetRequest { Subject = "bob", Estimate = 0.10m });
        Told told = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Equal((429, "throttle", 1, null), (told.Status, (string?)told.Json["decision"], told.RetryAfter, told["x-should-retry"]));
        Assert.False(told.Json.ContainsKey("reason"));
    }

    [Fact]
    public async Task Money_that_is_gone_is_402_though_others_hold_some_too()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"day":{"Limit":0.25,"Period":"Day"}}}""");
        await app.SpendAsync(0.16m, "bob");
        await using BudgetLease other = await app.Guard.BeginAsync(new BudgetRequest { Subject = "bob", Estimate = 0.05m });
        Assert.Equal(402, (await Told.ReadAsync(app.GetAsync("/api/run"))).Status);
    }

    [Fact]
    public async Task Budget_whose_money_is_gone_decides_over_one_whose_money_is_held()
    {
        await using GuardedApp app = await StartAsync(
            """{"Budgets":{"mine":{"Limit":0.20,"Period":"Day","Per":["User"]},"org":{"Limit":1.00,"Period":"Day"}}}""");
        await app.SpendAsync(0.15m);
        await using BudgetLease other = await app.Guard.BeginAsync(new BudgetRequest { Subject = "bob", Estimate = 0.20m });
        await app.SpendAsync(0.20m, "carol");
        await app.SpendAsync(0.20m, "dave");
        await app.SpendAsync(0.20m, "erin");
        Told told = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Equal((402, "mine"), (told.Status, (string?)told.Json["budget"]));
    }

    [Fact]
    public async Task Denial_holds_and_charges_nothing_on_any_budget()
    {
        await using GuardedApp app = await StartAsync(
            """{"Budgets":{"minute":{"Limit":0.15,"Period":"Minute"},"day":{"Limit":50,"Period":"Day"},"count":{"Requests":50,"Period":"Day"}}}""");
        Assert.Equal(200, (await Told.ReadAsync(app.GetAsync("/api/run"))).Status);
        Assert.Equal(429, (await Told.ReadAsync(app.GetAsync("/api/run"))).Status);
        foreach ((string budget, decimal used) in (IEnumerable<(string, decimal)>)[("minute", 0.10m), ("day", 0.10m), ("count", 1m)])
        {
            BudgetBalance balance = await app.BalanceAsync(budget: budget);
            Assert.Equal((used, 0m), (balance.Settled, balance.Held));
        }
    }

    /// <summary>What a request of ten cents is answered after the spending.</summary>
    private static async Task<Told> AskAsync(string section, decimal spend)
    {
        await using GuardedApp app = await StartAsync(section);
        if (spend > 0)
        {
            await app.SpendAsync(spend);
        }

        return await Told.ReadAsync(app.GetAsync("/api/run"));
    }

    private static Task<GuardedApp> StartAsync(string section) =>
        GuardedApp.StartAsync(section, static app => app.MapGet("/api/run", static () => "done").WithCost(0.10m));
}
