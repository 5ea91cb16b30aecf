using System.Net;
using System.Text.Json;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>What another framework is answered when it asks.</summary>
public sealed class DecisionTests
{
    private const string ExposedBudget = """{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";
    private const string ThrottledBudget = """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"OnExceeded":"Throttle"}}}""";

    [Fact]
    public async Task An_allow_holds_the_cost_and_tells_all_that_settles_it()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered answer = (await app.DecideAsync("""{"user":"alice","operation":"job","model":"m","estimated_cost":0.25,"ttl_seconds":60}""")).Allowed();
        Assert.Equal("application/json", answer.MediaType);
        Assert.Equal(
            ["budget", "decision", "estimated_cost", "expires_at", "hold_id", "remaining"],
            answer.Json.EnumerateObject().Select(static member => member.Name).Order(StringComparer.Ordinal));
        Assert.Equal("0.25", answer.Json.GetProperty("estimated_cost").GetRawText());
        Assert.Equal("2026-06-10T12:01:00Z", answer.Json.GetProperty("expires_at").GetString());
        Assert.Equal("daily", answer.Json.GetProperty("budget").GetString());
        Assert.Equal("0.75", answer.Json.GetProperty("remaining").GetRawText());
        Assert.Equal((0m, 0.25m), await app.BooksAsync());
    }

    [Fact]
    public async Task Without_a_time_the_hold_lasts_as_long_as_the_setting_says()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered answer = (await app.DecideAsync(0.25m)).Allowed();
        Assert.Equal("2026-06-10T12:10:00Z", answer.Json.GetProperty("expires_at").GetString());
    }

    [Fact]
    public async Task The_smallest_amount_is_told_exactly()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered answer = (await app.DecideAsync("""{"user":"alice","estimated_cost":1e-9}""")).Allowed();
        Assert.Equal("0.000000001", answer.Json.GetProperty("estimated_cost").GetRawText());
        Assert.Equal("0.999999999", answer.Json.GetProperty("remaining").GetRawText());
    }

    [Fact]
    public async Task Where_no_budget_applies_nothing_is_held_and_nothing_remains_to_be_told()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"daily":{"Limit":1,"Period":"Day","Match":{"Users":["bob"]}}}}""");
        Answered answer = (await app.DecideAsync(5m)).Allowed();
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("budget").ValueKind);
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("remaining").ValueKind);
        Assert.Equal("5", (await app.SettleAsync(answer.HoldId, 5m)).Json.GetProperty("cost").GetRawText());
    }

    [Fact]
    public async Task A_budget_of_requests_tells_no_money()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"calls":{"Requests":10,"Period":"Day","Per":["User"]}}}""");
        Answered answer = (await app.DecideAsync(5m)).Allowed();
        Assert.Equal("calls", answer.Json.GetProperty("budget").GetString());
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("remaining").ValueKind);
    }

    [Theory]
    [InlineData("BudgetGuard", "application/json")]
    [InlineData("ProblemDetails", "application/problem+json")]
    [InlineData("OpenAI", "application/json")]
    [InlineData("Anthropic", "application/json")]
    public async Task A_reject_is_ready_to_be_sent_on_and_says_what_the_middleware_says(string format, string contentType)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(
            ExposedBudget,
            setup => setup.Configure = options => options.ResponseFormat = Enum.Parse<ResponseFormat>(format));
        await app.App.ExhaustAsync();
        Answered answer = (await app.DecideAsync(0.01m)).Is(HttpStatusCode.OK);
        Assert.Equal("reject", answer.Decision);
        Assert.Equal(402, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("retry_after").ValueKind);
        JsonElement headers = answer.Json.GetProperty("headers");
        Assert.Equal("false", headers.GetProperty("x-should-retry").GetString());
        Assert.Equal(contentType, headers.GetProperty("Content-Type").GetString());

        // The middleware's own answer to the same.
        using HttpResponseMessage own = await app.App.SendAsync(HttpMethod.Post, "/work");
        Assert.Equal(HttpStatusCode.PaymentRequired, own.StatusCode);
        Assert.Equal(
            JsonSerializer.Serialize(JsonDocument.Parse(await own.Content.ReadAsStringAsync()).RootElement),
            JsonSerializer.Serialize(answer.Json.GetProperty("body")));
    }

    [Fact]
    public async Task A_throttle_says_when_to_come_back()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(ThrottledBudget);
        await app.App.ExhaustAsync();
        Answered answer = (await app.DecideAsync(0.01m)).Is(HttpStatusCode.OK);
        Assert.Equal("throttle", answer.Decision);
        Assert.Equal(429, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal(43_200, answer.Json.GetProperty("retry_after").GetInt64());
        Assert.Equal("43200", answer.Json.GetProperty("headers").GetProperty("Retry-After").GetString());
        Assert.Equal(43_200, answer.Json.GetProperty("body").GetProperty("retry_after").GetInt64());
        Assert.Equal((1m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task The_routes_are_not_guarded_themselves()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"calls":{"Requests":1,"Period":"Day"}}}""");
        Answered answer = (await app.DecideAsync(0m)).Allowed();
        await app.SettleAsync(answer.HoldId, 0m);
        BudgetBalance balance = await app.App.BalanceAsync(budget: "calls");
        Assert.Equal(1m, balance.Settled);
    }

    [Fact]
    public async Task Without_monitoring_everything_is_allowed()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(
            """{"EnableBudgetMonitoring":false,"Budgets":{"daily":{"Limit":1,"Period":"Day"}}}""");
        Answered answer = (await app.DecideAsync(5m)).Allowed();
        Assert.Equal(HttpStatusCode.OK, (await app.SettleAsync(answer.HoldId, 5m)).Status);
    }

    [Fact]
    public async Task A_team_pays_from_its_own_budget()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"team":{"Limit":1,"Period":"Day","Per":["Team"]}}}""");
        Answered red = (await app.DecideAsync("""{"user":"alice","team":"red","estimated_cost":0.9}""")).Allowed();
        Answered blue = (await app.DecideAsync("""{"user":"alice","team":"blue","estimated_cost":0.9}""")).Allowed();
        Assert.NotEqual(red.HoldId, blue.HoldId);
        Assert.Equal("throttle", (await app.DecideAsync("""{"user":"bob","team":"red","estimated_cost":0.2}""")).Decision);
    }

    [Fact]
    public async Task Exactly_ten_of_a_hundred_at_once_are_allowed_what_ten_may_cost()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => app.DecideAsync(0.1m))));
        Assert.Equal(10, answers.Count(static answer => answer.Decision == "allow"));
        Assert.Equal((0m, 1m), await app.BooksAsync());
    }
}
