using System.Net;
using System.Text.Json;
using BudgetGuard.Tests.Docs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.SeedTwins;

/// <summary>The first steps: the programs of the documentation run, and their answers are those that it shows.</summary>
public sealed class QuickStartTwinTests
{
    private const string Budgets = """{"BudgetGuard":{"Budgets":{"daily":{"Limit":0.05,"Period":"Day","Per":["User"]}}}}""";

    [Fact]
    public async Task Readme_program_with_its_settings_throttles_the_61st_request_of_a_minute()
    {
        await using TwinApp app = new(Assert.Single(Snippet.Blocks("README.md", "json"), block => block.Contains("user_burst\": {", StringComparison.Ordinal)));
        await app.StartAsync("README.md", "WebApplication.CreateBuilder(args)");
        for (int i = 0; i < 60; i++)
        {
            using HttpResponseMessage allowed = await app.PostAsync("/api/chat");
            Assert.Equal("""{"message":"Hello from a protected endpoint!"}""", await allowed.Content.ReadAsStringAsync());
        }

        using HttpResponseMessage throttled = await app.PostAsync("/api/chat");
        Assert.Equal(HttpStatusCode.TooManyRequests, throttled.StatusCode);
        using HttpResponseMessage other = await app.PostAsync("/api/chat", user: "bob");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(0.60m, await app.SettledAsync("user_daily", "alice"));
    }

    [Fact]
    public async Task Program_for_those_who_come_from_leadfactory_runs_and_is_guarded()
    {
        await using TwinApp app = new("""{"BudgetGuard":{"Budgets":{"daily":{"Limit":0.01,"Period":"Day","Per":["User"]}}}}""");
        await app.StartAsync("docs/from-leadfactory.md", "WebApplication.CreateBuilder(args)");
        using HttpResponseMessage first = await app.PostAsync("/api/chat");
        Assert.Equal("""{"message":"Hello from protected endpoint!"}""", await first.Content.ReadAsStringAsync());
        using HttpResponseMessage second = await app.PostAsync("/api/chat");
        Assert.Equal(HttpStatusCode.PaymentRequired, second.StatusCode);
    }

    [Fact]
    public async Task Controller_is_guarded_as_its_attributes_say()
    {
        await using TwinApp app = new(Budgets);
        app.Builder.Services.AddBudgetGuard();
        System.Reflection.Assembly block = await app.ConfigureAsync("README.md", "class ChatController");
        app.Builder.Services.AddControllers().AddApplicationPart(block);
        await app.StartAsync(pipeline =>
        {
            pipeline.UseBudgetGuard();
            pipeline.MapControllers();
        });

        using HttpResponseMessage report = await app.PostAsync("/api/report", user: "bob");
        Assert.Equal(HttpStatusCode.OK, report.StatusCode);
        Assert.Equal(0.02m, await app.SettledAsync("daily", "bob"));
        using HttpResponseMessage prices = await app.GetAsync("/api/prices", "bob");
        Assert.Equal(HttpStatusCode.OK, prices.StatusCode);
        Assert.False(prices.Headers.Contains("X-BudgetGuard-Budget"));
        using HttpResponseMessage second = await app.PostAsync("/api/report", user: "bob");
        using HttpResponseMessage denied = await app.PostAsync("/api/report", user: "bob");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Contains("\"operation\":\"report\"", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using HttpResponseMessage unreadable = await app.PostAsync("/api/chat", "{", "bob");
        Assert.Equal(HttpStatusCode.BadRequest, unreadable.StatusCode);
    }

    [Theory]
    [InlineData("throttle", "Requests", HttpStatusCode.TooManyRequests)]
    [InlineData("reject", "Tokens", HttpStatusCode.PaymentRequired)]
    public async Task Denial_has_the_members_of_the_readme(string decision, string unit, HttpStatusCode status)
    {
        string shown = Assert.Single(Snippet.Blocks("README.md", "json"), block => block.Contains($"\"decision\": \"{decision}\"", StringComparison.Ordinal));
        await using TwinApp app = new($$"""{"BudgetGuard":{"Budgets":{"daily":{"{{unit}}":1,"Period":"Day"} } } }""");
        app.Builder.Services.AddBudgetGuard();
        await app.StartAsync(pipeline =>
        {
            pipeline.UseBudgetGuard();
            pipeline.MapPost("/v1/chat/completions", () => "done");
        });
        const string body = """{"model":"gpt-4","messages":[{"role":"user","content":"Hello"}]}""";
        using HttpResponseMessage first = await app.PostAsync("/v1/chat/completions", body, "user123");
        using HttpResponseMessage denied = await app.PostAsync("/v1/chat/completions", body, "user123");
        Assert.Equal(status, denied.StatusCode);
        Dictionary<string, JsonElement> written = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(await denied.Content.ReadAsStringAsync())!;
        Dictionary<string, JsonElement> documented = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(shown)!;
        Assert.Equal(documented.Keys, written.Keys.Where(name => name != "reason"));
        Assert.Equal(documented.Values.Select(value => value.ValueKind), written.Where(member => member.Key != "reason").Select(member => member.Value.ValueKind));
        foreach (string name in (string[])["error", "decision", "user_id", "model", "operation"])
        {
            Assert.Equal(documented[name].GetString(), written[name].GetString());
        }
    }
}
