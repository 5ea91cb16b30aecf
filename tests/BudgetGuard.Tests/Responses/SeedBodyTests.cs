using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Responses;

/// <summary>The two bodies of the contract to the letter: members, order, types and nulls.</summary>
public sealed class SeedBodyTests
{
    private const string Burst = """{"Budgets":{"user_burst":{"Limit":0.50,"Period":"Minute","Per":["User"]}}}""";

    [Fact]
    public async Task Throttle_is_429_with_the_seconds_to_wait()
    {
        Told told = await AskTwiceAsync(Burst);
        Assert.Equal((429, "application/json", "60", null, "no-store"), (told.Status, told["Content-Type"], told["Retry-After"], told["x-should-retry"], told["Cache-Control"]));
        Assert.Equal(
            """{"error":"Budget limit exceeded","decision":"throttle","user_id":"user123","model":"gpt-4","retry_after":60,"budget":"user_burst","operation":"api_call","resets_at":"2026-06-10T12:01:00Z"}""",
            told.Body);
    }

    [Fact]
    public async Task Reject_is_402_and_says_that_waiting_does_not_help()
    {
        Told told = await AskTwiceAsync(GuardedApp.OneDollarADay);
        Assert.Equal((402, "application/json", null, "false", "no-store"), (told.Status, told["Content-Type"], told["Retry-After"], told["x-should-retry"], told["Cache-Control"]));
        Assert.Equal(
            """{"error":"Budget limit exceeded","decision":"reject","user_id":"user123","model":"gpt-4","retry_after":null,"budget":"daily","operation":"api_call","resets_at":"2026-06-11T00:00:00Z"}""",
            told.Body);
    }

    [Fact]
    public async Task Content_length_is_that_of_the_body()
    {
        Told told = await AskTwiceAsync(GuardedApp.OneDollarADay);
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(told.Body).ToString(provider: null), told["Content-Length"]);
    }

    [Fact]
    public async Task Unknown_user_and_missing_model_are_anonymous_and_null()
    {
        await using GuardedApp app = await StartAsync(GuardedApp.OneDollarADay);
        await app.ExhaustAsync(BudgetSubject.AnonymousUser);
        Told told = await Told.ReadAsync(app.GetAsync("/api/run", user: null));
        Assert.Equal("anonymous", (string?)told.Json["user_id"]);
        Assert.True(told.Json.ContainsKey("model"));
        Assert.Null(told.Json["model"]);
    }

    [Fact]
    public async Task Budget_that_never_starts_anew_resets_at_null()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"once":{"Limit":0.50,"Period":"Total"}}}""");
        await app.SpendAsync(0.50m);
        Told told = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.EndsWith("\"retry_after\":null,\"budget\":\"once\",\"operation\":\"api_call\",\"resets_at\":null}", told.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Model_call_tells_its_operation_and_the_model_of_its_body()
    {
        Told told = await Refusal.MeetAsync(Cause.Rejected);
        Assert.Equal(
            """{"error":"Budget limit exceeded","decision":"reject","user_id":"alice","model":"cheap","retry_after":null,"budget":"daily","operation":"chat_completion","resets_at":"2026-06-11T00:00:00Z"}""",
            told.Body);
    }

    [Theory]
    [InlineData("a\"b\\c")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("o'neill & sons")]
    public async Task Odd_names_come_back_as_they_were(string user)
    {
        await using GuardedApp app = await StartAsync(GuardedApp.OneDollarADay);
        await app.ExhaustAsync(user);
        Told told = await Told.ReadAsync(app.GetAsync("/api/run", user));
        Assert.Equal((402, user), (told.Status, (string?)told.Json["user_id"]));
        Assert.DoesNotContain("<script", told.Body, StringComparison.Ordinal);
    }

    /// <summary>The second request of user123 for gpt-4 is denied.</summary>
    private static async Task<Told> AskTwiceAsync(string section)
    {
        await using GuardedApp app = await StartAsync(section, cost: 0.50m);
        await app.SpendAsync(section == Burst ? 0.50m : 1.00m, "user123");
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/run") { Headers = { { "X-User-ID", "user123" }, { "X-Model", "gpt-4" } } };
        return await Told.ReadAsync(app.Client.SendAsync(request));
    }

    private static Task<GuardedApp> StartAsync(string section, decimal cost = 0.01m) =>
        GuardedApp.StartAsync(section, app => app.Map("/api/run", () => "done").WithCost(cost));
}
