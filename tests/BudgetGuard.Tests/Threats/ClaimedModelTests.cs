using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>A model that only a header names: it may bring budgets in, but whoever sends it chooses neither an account nor a limit with it.</summary>
public sealed class ClaimedModelTests
{
    [Theory]
    [InlineData("""{"Limit":1.00,"Period":"Day","Per":["User","Model"]}""")]
    [InlineData("""{"Limit":1.00,"Period":"Day","Per":["User"],"Overrides":[{"Model":"gpt-4o","Limit":100}]}""")]
    [InlineData("""{"Limit":1.00,"Period":"Day","Per":["User"],"Overrides":[{"User":"alice","Model":"gpt-4o","Limit":100}]}""")]
    public async Task T27_Model_header_gives_no_fresh_account_and_no_other_limit(string budget)
    {
        await using GuardedApp app = await StartAsync(budget);
        int allowed = 0;
        foreach (string? model in (string?[])[null, "gpt-4o", "gpt-4o", "gpt-4", "made-up", "made-up-too"])
        {
            allowed += await SendAsync(app, "/api", "{}", model) == 200 ? 1 : 0;
        }

        Assert.Equal(1, allowed);
    }

    [Fact]
    public async Task T27_Model_header_brings_the_budgets_in_that_match_it()
    {
        await using GuardedApp app = await StartAsync("""{"Limit":1.00,"Period":"Day","Match":{"Models":["gpt-4*"]}}""");
        Assert.Equal(200, await SendAsync(app, "/api", "{}", "gpt-4o"));
        Assert.Equal(402, await SendAsync(app, "/api", "{}", "gpt-4o"));
        Assert.Equal(200, await SendAsync(app, "/api", "{}", null));
    }

    [Fact]
    public async Task T27_Model_of_the_body_and_the_same_in_a_header_are_told_apart()
    {
        await using GuardedApp app = await StartAsync("""{"Limit":1.00,"Period":"Day","Per":["Model"]}""");
        Assert.Equal(200, await SendAsync(app, "/model", """{"model":"gpt-4o","messages":[]}""", null));
        Assert.Equal(402, await SendAsync(app, "/model", """{"model":"gpt-4o","messages":[]}""", null));
        Assert.Equal(200, await SendAsync(app, "/model", """{"messages":[]}""", "gpt-4o"));
        Assert.Equal(402, await SendAsync(app, "/model", """{"messages":[]}""", "gpt-4"));
    }

    private static Task<GuardedApp> StartAsync(string budget) => GuardedApp.StartAsync(
        $$$"""{"Budgets":{"daily":{{{budget}}}}}""",
        static app =>
        {
            app.MapPost("/api", static () => Results.NoContent()).WithCost(0.60m);
            app.MapPost("/model", static () => Results.NoContent()).WithCost(0.60m).WithModelApi("openai.chat");
        });

    private static async Task<int> SendAsync(GuardedApp app, string path, string body, string? model)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body) };
        request.Headers.Add("X-User-ID", "alice");
        if (model is not null)
        {
            request.Headers.Add("X-Model", model);
        }

        using HttpResponseMessage answer = await app.Client.SendAsync(request);
        return answer.IsSuccessStatusCode ? 200 : (int)answer.StatusCode;
    }
}
