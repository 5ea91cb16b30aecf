using System.Globalization;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>A model without a price is refused, charged at a flat cost, or let through in sight of all; free is only what is named so.</summary>
public sealed class UnpricedTests
{
    private const string Path = "/fixed/v1/chat/completions";

    [Fact]
    public async Task T77_Reject_refuses_before_anything_is_held_and_names_the_model()
    {
        await using ChatApp chat = await StartAsync("Reject");
        using HttpResponseMessage answer = await chat.SendAsync(ChatApp.Body("gpt-new"));
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("gpt-new", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(400, await chat.AskAsync("""{"messages":[{"role":"user","content":"hello"}]}"""));
        Assert.Equal(0, chat.Arrivals);
        await AssertSpentAsync(chat, money: 0, tokens: 0);
        Assert.Equal(200, await chat.AskAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T77_UseDefaultCost_charges_it_with_and_without_usage_and_says_so_once(bool tellsUsage)
    {
        await using ChatApp chat = await StartAsync("UseDefaultCost");
        chat.Model.TellsUsage = tellsUsage;
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(200, await chat.AskAsync(ChatApp.Body("gpt-new")));
            Assert.Equal(0.05m * i, (await chat.App.BalanceAsync()).Settled);
        }

        await chat.AssertBooksAsync();
        Assert.Single(chat.App.Logs.GetSnapshot(), IsAboutTheModel);
        await chat.App.SpendAsync(0.85m);
        Assert.Equal(402, await chat.AskAsync(ChatApp.Body("gpt-new")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T77_Allow_is_told_once_and_its_tokens_are_counted(bool tellsUsage)
    {
        await using ChatApp chat = await StartAsync("Allow");
        chat.Model.TellsUsage = tellsUsage;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, await chat.AskAsync(ChatApp.Body("gpt-new")));
        }

        Assert.Single(chat.App.Logs.GetSnapshot(), IsAboutTheModel);
        BudgetBalance tokens = await chat.App.BalanceAsync(budget: "tokens");
        Assert.Equal(0m, (await chat.App.BalanceAsync()).Settled);
        Assert.True(tellsUsage ? tokens.Settled == 450 : tokens.Settled >= 300, $"{tokens.Settled} tokens");

        // Another such model is told of too; a request without any model has the default cost.
        chat.Model.TellsUsage = false;
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("gpt-newer")));
        Assert.Equal(2, chat.App.Logs.GetSnapshot().Count(static record => record.Id.Name == "ModelUnpriced"));
        Assert.Equal(200, await chat.AskAsync("""{"messages":[{"role":"user","content":"hello"}]}""", "bob"));
        Assert.Equal((0.00m, 0.05m), ((await chat.App.BalanceAsync()).Settled, (await chat.App.BalanceAsync("bob")).Settled));
    }

    [Theory]
    [InlineData("Reject")]
    [InlineData("UseDefaultCost")]
    [InlineData("Allow")]
    public async Task T77_T79_Served_model_without_a_price_is_charged_as_the_one_that_was_asked(string unpriced)
    {
        await using ChatApp chat = await StartAsync(unpriced);
        chat.Model.ServedModel = "router/whatever";
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("exp", 50)));
        Assert.Equal((100 * 10m + 50 * 100m) / 1_000_000m, (await chat.App.BalanceAsync()).Settled);
    }

    [Theory]
    [InlineData("Reject")]
    [InlineData("UseDefaultCost")]
    [InlineData("Allow")]
    public async Task T77_Endpoint_with_a_cost_needs_no_price_of_the_model(string unpriced)
    {
        await using ChatApp chat = await StartAsync(unpriced);
        using HttpResponseMessage answer = await chat.App.PostAsync(Path, ChatApp.Body("gpt-new"));
        Assert.Equal(204, (int)answer.StatusCode);
        Assert.Equal(0.25m, (await chat.App.BalanceAsync()).Settled);
        await chat.App.SpendAsync(0.60m);
        using HttpResponseMessage refused = await chat.App.PostAsync(Path, ChatApp.Body("gpt-new"));
        Assert.Equal(402, (int)refused.StatusCode);
    }

    [Theory]
    [InlineData("Reject")]
    [InlineData("UseDefaultCost")]
    [InlineData("Allow")]
    public async Task T78_Free_model_costs_nothing_also_when_all_is_spent_and_only_it_does(string unpriced)
    {
        await using ChatApp chat = await StartAsync(unpriced);
        await chat.App.ExhaustAsync();
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("llama3-8b")));
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("LLAMA3")));
        await AssertSpentAsync(chat, money: 1.00m, tokens: 300);
        Assert.DoesNotContain(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "ModelUnpriced");

        Assert.Equal(402, await chat.AskAsync());
        Assert.Equal(402, await chat.AskAsync(ChatApp.Body("exp")));
        Assert.Equal(2, chat.Arrivals);
    }

    [Fact]
    public async Task T78_Header_that_names_a_free_model_makes_nothing_free()
    {
        await using ChatApp chat = await StartAsync("Allow", static app => app.MapPost("/api/run", static () => Results.NoContent()));
        chat.App.Client.DefaultRequestHeaders.Add("X-Model", "llama3-8b");
        Assert.Equal(200, await chat.AskAsync());
        Assert.Equal(chat.Model.Bill, (await chat.App.BalanceAsync()).Settled);
        using HttpResponseMessage flat = await chat.App.PostAsync("/api/run", "{}", "bob");
        Assert.Equal(0.05m, (await chat.App.BalanceAsync("bob")).Settled);

        // No model in the body: what the header says may be a lie.
        Assert.Equal(200, await chat.AskAsync("""{"messages":[{"role":"user","content":"hello"}]}""", "carol"));
        Assert.True((await chat.App.BalanceAsync("carol")).Settled > 0);
    }

    [Theory]
    [InlineData("llama3-8b", 50, "0.05")]
    [InlineData("cheap", 50, "0.05")]
    [InlineData("exp", 5_000, "0.501")]
    public async Task T78_Header_that_names_a_model_never_makes_a_report_without_one_cheaper(string header, long output, string charged)
    {
        await using ChatApp chat = await StartAsync("UseDefaultCost", app => app.MapPost("/api/run", (HttpContext context) =>
            context.GetBudgetGuard()!.ReportUsage(new TokenUsage { InputTokens = 100, OutputTokens = output })));
        chat.App.Client.DefaultRequestHeaders.Add("X-Model", header);
        Assert.Equal(200, await chat.AskAsync("{}", path: "/api/run"));
        await AssertSpentAsync(chat, decimal.Parse(charged, CultureInfo.InvariantCulture), 100 + output);
    }

    private static bool IsAboutTheModel(Microsoft.Extensions.Logging.Testing.FakeLogRecord record) =>
        record.Id.Name == "ModelUnpriced" && record.Message.Contains("gpt-new", StringComparison.Ordinal);

    private static async Task AssertSpentAsync(ChatApp chat, decimal money, decimal tokens)
    {
        Assert.Equal((money, 0m), ((await chat.App.BalanceAsync()).Settled, (await chat.App.BalanceAsync()).Held));
        BudgetBalance counted = await chat.App.BalanceAsync(budget: "tokens");
        Assert.Equal((tokens, 0m), (counted.Settled, counted.Held));
    }

    private static Task<ChatApp> StartAsync(string unpriced, Action<WebApplication>? map = null) => ChatApp.StartAsync(
        "{\"UnpricedModels\":\"" + unpriced + """
            ","DefaultCost":0.05,"FreeModels":["llama3*"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},
            "tokens":{"Tokens":1000000,"Period":"Day","Per":["User"]}}}
            """,
        map: app =>
        {
            app.MapPost(Path, static () => Results.NoContent()).WithCost(0.25m);
            map?.Invoke(app);
        });
}
