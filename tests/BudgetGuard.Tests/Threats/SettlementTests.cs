using System.Net;
using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>What is charged however a request ends; the ledger is never below the model's own bill, and nothing stays held.</summary>
public sealed class SettlementTests
{
    private const string Budgets = """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"calls":{"Requests":100,"Period":"Day","Per":["User"]}}}""";
    private const string Chat = """{"model":"cheap","max_tokens":1000,"messages":[{"role":"user","content":"hi"}]}""";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T88_T90_Usage_settles_at_what_was_used_and_its_lack_at_the_estimate(bool tellsUsage)
    {
        FakeModel model = new() { TellsUsage = tellsUsage };
        await using GuardedApp app = await StartAsync(model);
        using HttpResponseMessage answer = await app.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        BudgetBalance balance = await app.BalanceAsync();
        Assert.Equal(0m, balance.Held);
        Assert.True(tellsUsage ? balance.Settled == model.Bill : balance.Settled > model.Bill, $"{balance.Settled} for a bill of {model.Bill}");
    }

    [Theory]
    [InlineData(422)]
    [InlineData(500)]
    public async Task T98_T99_An_error_without_usage_gives_the_money_back_and_counts_the_request(int status)
    {
        await using GuardedApp app = await StartAsync(new FakeModel { Status = status });
        using HttpResponseMessage answer = await app.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal((0m, 0m), ((await app.BalanceAsync()).Settled, (await app.BalanceAsync()).Held));
        Assert.Equal(1m, (await app.BalanceAsync(budget: "calls")).Settled);
    }

    [Fact]
    public async Task T79_The_model_that_answered_is_charged()
    {
        FakeModel model = new() { ServedModel = "exp" };
        await using GuardedApp app = await StartAsync(model);
        using HttpResponseMessage answer = await app.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(model.Bill, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task T110_A_report_beats_the_answer_also_when_it_comes_after_it()
    {
        FakeModel model = new();
        await using GuardedApp app = await StartAsync(model, async context =>
        {
            await model.AnswerAsync(context);
            context.GetBudgetGuard()!.ReportCost(0.25m);
        });
        using HttpResponseMessage answer = await app.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((0.25m, 0m), ((await app.BalanceAsync()).Settled, (await app.BalanceAsync()).Held));
    }

    [SharedDataFact]
    public async Task Every_recorded_request_is_read_and_estimated_above_zero()
    {
        List<decimal> estimates = [];
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1000000,"Period":"Day","Per":["User"]}}}""",
            app => app.MapFallback("{*path}", (HttpContext context) =>
            {
                estimates.Add(context.GetBudgetGuard()!.Request.Estimate!.Value.CostUsd);
                return Results.NoContent();
            }));
        foreach (string line in File.ReadLines(Path.Combine(SharedData.Folder!, "usage/estimation/requests-with-actuals.jsonl")))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            using HttpResponseMessage answer = await app.PostAsync(
                row.RootElement.GetProperty("path").GetString()!, row.RootElement.GetProperty("request").GetRawText());
            Assert.True(answer.StatusCode == HttpStatusCode.NoContent, $"{row.RootElement.GetProperty("id")}: {await answer.Content.ReadAsStringAsync()}");
        }

        Assert.Equal(675, estimates.Count);
        Assert.All(estimates, estimate => Assert.True(estimate > 0));
    }

    private static Task<GuardedApp> StartAsync(FakeModel model, RequestDelegate? answer = null) => GuardedApp.StartAsync(
        Budgets,
        app => app.MapPost("/v1/chat/completions", answer ?? model.AnswerAsync),
        setup => setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile());
}
