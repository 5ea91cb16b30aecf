using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Responses;

/// <summary>What the headers of an answer tell, and what they keep to themselves.</summary>
public sealed class ResponseHeaderTests
{
    private static readonly string[] Names = ["X-BudgetGuard-Budget", "X-BudgetGuard-Remaining", "X-BudgetGuard-Estimate", "X-BudgetGuard-Shadow"];

    [Fact]
    public async Task Allowed_answer_names_its_budget_and_no_amount()
    {
        Told told = await AskAsync(GuardedApp.OneDollarADay);
        Assert.Equal((200, "daily", null, null, null), (told.Status, told[Names[0]], told[Names[1]], told[Names[2]], told[Names[3]]));
    }

    [Fact]
    public async Task Exposed_amounts_are_what_is_left_after_this_hold_and_what_it_may_cost()
    {
        Told told = await AskAsync(GuardedApp.OneDollarADay, options => options.ExposeAmounts = true);
        Assert.Equal(("daily", "0.7", "0.3"), (told[Names[0]], told[Names[1]], told[Names[2]]));
    }

    [Fact]
    public async Task Smallest_amount_is_exact()
    {
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup => setup.Configure = options => options.ExposeAmounts = true);
        Told told = await Told.ReadAsync(chat.App.PostAsync(ChatApp.Chat, ChatApp.Body(maxTokens: 1)));
        decimal estimate = decimal.Parse(told[Names[2]]!, System.Globalization.CultureInfo.InvariantCulture);
        decimal remaining = decimal.Parse(told[Names[1]]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(estimate, 0.000_003m, 0.001m);
        Assert.Equal(1.00m, estimate + remaining);
    }

    [Fact]
    public async Task Budget_of_another_unit_tells_no_money()
    {
        Told told = await AskAsync("""{"Budgets":{"rpm":{"Requests":60,"Period":"Minute"}}}""", options => options.ExposeAmounts = true);
        Assert.Equal(("rpm", null, "0.3"), (told[Names[0]], told[Names[1]], told[Names[2]]));
    }

    [Fact]
    public async Task Dollar_budget_with_the_least_left_is_named()
    {
        Told told = await AskAsync(
            """{"Budgets":{"a_rpm":{"Requests":1,"Period":"Minute"},"b_wide":{"Limit":50,"Period":"Day"},"c_tight":{"Limit":0.40,"Period":"Day"}}}""",
            options => options.ExposeAmounts = true);
        Assert.Equal(("c_tight", "0.1"), (told[Names[0]], told[Names[1]]));
    }

    [Fact]
    public async Task ResponseHeaders_off_leaves_none()
    {
        Told told = await AskAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day"},"org":{"Limit":0.10,"Period":"Day","Mode":"Shadow"}}}""",
            options =>
            {
                options.ResponseHeaders = false;
                options.ExposeAmounts = true;
            });
        Assert.Equal(200, told.Status);
        Assert.All(Names, name => Assert.Null(told[name]));
    }

    [Theory]
    [InlineData("""{"Budgets":{"org":{"Limit":0.35,"Period":"Day","Mode":"Shadow"}}}""", "reject; budget=\"org\"")]
    [InlineData("""{"Budgets":{"org":{"Limit":0.35,"Period":"Minute","Mode":"Shadow"}}}""", "throttle; budget=\"org\"")]
    [InlineData("""{"Budgets":{"org":{"Limit":0.35,"Period":"Day","OnExceeded":"Alert"}}}""", "reject; budget=\"org\"")]
    [InlineData("""{"EnableThrottling":false,"Budgets":{"org":{"Limit":0.35,"Period":"Day"}}}""", "reject; budget=\"org\"")]
    public async Task Shadow_budget_tells_what_it_would_have_done_and_denies_nothing(string section, string shadow)
    {
        await using GuardedApp app = await StartAsync(section);
        Told first = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Equal((200, null), (first.Status, first[Names[3]]));
        Told second = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Equal((200, shadow), (second.Status, second[Names[3]]));

        // It counts all the same.
        Assert.Equal(0.60m, (await app.BalanceAsync(budget: "org")).Settled);
    }

    [Fact]
    public async Task Request_that_no_budget_applies_to_names_none()
    {
        Told told = await AskAsync("""{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Match":{"Users":["bob"]}}}}""");
        Assert.Equal(200, told.Status);
        Assert.Null(told[Names[0]]);
    }

    [Fact]
    public async Task Request_that_is_not_guarded_has_none()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, static app => app.MapGet("/health", static () => "ok"));
        Told told = await Told.ReadAsync(app.GetAsync("/health"));
        Assert.Equal(200, told.Status);
        Assert.All(Names, name => Assert.Null(told[name]));
    }

    [Fact]
    public async Task Denial_has_none_of_them()
    {
        await using GuardedApp app = await StartAsync(GuardedApp.OneDollarADay, options => options.ExposeAmounts = true);
        await app.ExhaustAsync();
        Told told = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Equal(402, told.Status);
        Assert.All(Names, name => Assert.Null(told[name]));
        Assert.Equal(
            (1.00m, 1.00m, 0.30m), ((decimal)told.Json["limit_usd"]!, (decimal)told.Json["spent_usd"]!, (decimal)told.Json["estimated_usd"]!));
    }

    [Fact]
    public async Task Denial_of_another_unit_tells_only_what_the_request_would_cost()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"rpm":{"Requests":1,"Period":"Minute"}}}""", options => options.ExposeAmounts = true);
        await app.SpendAsync(0.01m);
        Told told = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Equal(429, told.Status);
        Assert.Equal((false, false), (told.Json.ContainsKey("limit_usd"), told.Json.ContainsKey("spent_usd")));
        Assert.Equal(0.30m, (decimal)told.Json["estimated_usd"]!);
    }

    [Fact]
    public async Task App_may_take_a_header_away()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, static app => app.MapGet("/api/run", static (HttpContext context) => context.Response.Headers.Remove("X-BudgetGuard-Budget")));
        Assert.Null((await Told.ReadAsync(app.GetAsync("/api/run")))[Names[0]]);
    }

    private static async Task<Told> AskAsync(string section, Action<BudgetGuardOptions>? configure = null)
    {
        await using GuardedApp app = await StartAsync(section, configure);
        return await Told.ReadAsync(app.GetAsync("/api/run"));
    }

    /// <summary>A request costs 30 cents.</summary>
    private static Task<GuardedApp> StartAsync(string section, Action<BudgetGuardOptions>? configure = null) =>
        GuardedApp.StartAsync(section, static app => app.MapGet("/api/run", static () => "done").WithCost(0.30m), setup => setup.Configure = configure);
}
