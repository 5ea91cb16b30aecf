using System.Diagnostics.Metrics;
using BudgetGuard.Accounting;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Threats;

/// <summary>What comes after a settlement: money that is free again, money that is overspent, and settlements that fail or come late.</summary>
public sealed class MeteringOutcomeTests
{
    private const string Stream = "/stream/v1/chat/completions";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T88_What_was_not_used_is_free_again_when_the_answer_is_read(bool useKestrel)
    {
        // Each holds a cent more than half of the budget and uses a hundredth of it: they only fit one after the other.
        await using ChatApp chat = await ChatApp.StartAsync("""{"Budgets":{"daily":{"Limit":0.035,"Period":"Day","Per":["User"]}}}""", useKestrel);
        for (int i = 1; i <= 100; i++)
        {
            using HttpResponseMessage answer = await chat.App.PostAsync(ChatApp.Chat, ChatApp.Body(maxTokens: 9_000));
            Assert.Equal(200, (int)answer.StatusCode);
            await answer.Content.ReadAsByteArrayAsync();
            BudgetBalance balance = await chat.App.BalanceAsync();
            Assert.Equal((chat.Model.Bill, 0m), (balance.Settled, balance.Held));
            if (balance.Settled > 0.035m - 0.0181m)
            {
                break;
            }
        }

        Assert.InRange(chat.Arrivals, 80, 90);
        Assert.Equal(402, await chat.AskAsync(ChatApp.Body(maxTokens: 9_000)));
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body(maxTokens: 100)));
    }

    [Fact]
    public async Task Fixed_cost_of_an_endpoint_is_its_price_and_tokens_are_those_of_the_answer()
    {
        FakeModel model = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day"},"tokens":{"Tokens":100000,"Period":"Day"}}}""",
            app =>
            {
                app.MapPost("/fixed/v1/chat/completions", model.AnswerAsync).WithCost(0.02m);
                app.MapPost("/fixed/reports/v1/chat/completions", context =>
                {
                    context.GetBudgetGuard()!.ReportCost(0.03m);
                    return model.AnswerAsync(context);
                }).WithCost(0.02m);
            },
            static setup => setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile());
        using HttpResponseMessage answer = await app.PostAsync("/fixed/v1/chat/completions", ChatApp.Body("exp"));
        Assert.Equal(0.02m, (await app.BalanceAsync()).Settled);
        Assert.Equal(150, (await app.BalanceAsync(budget: "tokens")).Settled);
        using HttpResponseMessage reported = await app.PostAsync("/fixed/reports/v1/chat/completions", ChatApp.Body("exp"));
        Assert.Equal(0.05m, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task T89_What_is_used_above_the_hold_is_charged_in_full_and_the_next_is_denied()
    {
        await using ChatApp chat = await ChatApp.StartAsync("""{"Budgets":{"daily":{"Limit":0.01,"Period":"Day","Per":["User"]}}}""", useKestrel: true);
        using MetricCollector<double> overshoot = new(
            chat.App.Services.GetRequiredService<IMeterFactory>(), "BudgetGuard", "budgetguard.overshoot");
        chat.Model.OutputTokens = 1_000;
        Assert.Equal(200, await chat.AskAsync());
        Assert.Empty(overshoot.GetMeasurementSnapshot());

        // The provider ignores the cap of a hundred tokens; the overshoot is what this answer cost above its hold.
        chat.Model.OutputTokens = 5_000;
        Assert.Equal(200, await chat.AskAsync());
        Assert.Equal(0.0122m, chat.Model.Bill);
        await chat.AssertBooksAsync();
        Assert.Equal(chat.Model.Bill, (await chat.App.BalanceAsync()).Settled);
        Assert.Equal(0.0101 - 0.000217, Assert.Single(overshoot.GetMeasurementSnapshot()).Value, 9);
        Assert.Equal(402, await chat.AskAsync());
        Assert.Equal(402, await chat.AskAsync(ChatApp.Body(maxTokens: 0)));
        Assert.Equal(2, chat.Arrivals);
        Assert.Equal(200, await chat.AskAsync(user: "bob"));
    }

    [Fact]
    public async Task T91_Stream_holds_its_first_part_until_it_tells_what_it_used()
    {
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ChatApp chat = await ChatApp.StartAsync(useKestrel: true, map: app => app.MapPost(Stream, async context =>
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            await context.Response.WriteAsync("data: {\"choices\":[]}\n\n");
            began.SetResult();
            await goOn.Task;
            await context.Response.WriteAsync("data: {\"model\":\"cheap\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\ndata: [DONE]\n\n");
        }));
        Task<int> asking = chat.AskAsync("""{"model":"cheap","stream":true,"max_tokens":5000,"messages":[{"role":"user","content":"hello"}]}""", path: Stream);
        await began.Task.WaitAsync(TimeSpan.FromSeconds(30));
        decimal held = (await chat.App.BalanceAsync()).Held;
        Assert.InRange(held, 0.002m + 0.000_048m, 0.0022m);
        goOn.SetResult();
        Assert.Equal(200, await asking);
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.Equal((0.000003m, 0m), (balance.Settled, balance.Held));
    }

    [Theory]
    [InlineData("Charge")]
    [InlineData("Release")]
    public async Task T106_Hold_that_expires_under_a_running_request_is_corrected_when_it_settles(string expired)
    {
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ChatApp chat = await ChatApp.StartAsync(
            $$$$"""{"ExpiredHolds":"{{{{expired}}}}","Budgets":{"daily":{"Limit":0.03,"Period":"Day","Per":["User"]}}}""",
            map: app => app.MapPost("/slow/v1/chat/completions", async context =>
            {
                began.SetResult();
                await goOn.Task;
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("""{"model":"cheap","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}""");
            }));
        Task<int> asking = chat.AskAsync(ChatApp.Body(maxTokens: 8_000), path: "/slow/v1/chat/completions");
        await began.Task.WaitAsync(TimeSpan.FromSeconds(30));
        BudgetBalance open = await chat.App.BalanceAsync();
        Assert.Equal((true, 0m), (open.Held > 0.016m, open.Settled));

        chat.App.Time.Advance(TimeSpan.FromMinutes(11));
        BudgetBalance over = await chat.App.BalanceAsync();
        Assert.Equal((0m, expired == "Charge" ? open.Held : 0m), (over.Held, over.Settled));
        Assert.Equal(expired == "Charge" ? 402 : 200, await chat.AskAsync(ChatApp.Body(maxTokens: 9_000)));

        goOn.SetResult();
        Assert.Equal(200, await asking);
        Assert.Equal((0.0002m + chat.Model.Bill, 0m), ((await chat.App.BalanceAsync()).Settled, (await chat.App.BalanceAsync()).Held));
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(200, false)]
    [InlineData(504, false)]
    [InlineData(500, false)]
    public async Task T107_Settlement_that_fails_changes_no_answer_and_its_hold_is_charged_when_it_expires(int status, bool tellsUsage)
    {
        SettlementsFail store = new() { Fault = new InvalidOperationException("down") };
        await using ChatApp chat = await StartOnAsync(store);
        (chat.Model.Status, chat.Model.TellsUsage) = (status, tellsUsage);
        Assert.Equal(status, await chat.AskAsync());
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.Equal((0m, true), (balance.Settled, balance.Held > 0.0002m));

        // A settlement at the answer's usage is tried once more at the request's end.
        int tries = tellsUsage ? 2 : 1;
        Assert.Equal((tries, tries), (store.Tries, chat.App.Logs.GetSnapshot().Count(static record => record.Id.Name == "GuardFailed")));

        chat.App.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal((balance.Held, 0m), ((await chat.App.BalanceAsync()).Settled, (await chat.App.BalanceAsync()).Held));
        await chat.AssertBooksAsync();

        // Back again: nothing of the outage is left.
        store.Fault = null;
        decimal before = (await chat.App.BalanceAsync()).Settled;
        (chat.Model.Status, chat.Model.TellsUsage) = (200, true);
        Assert.Equal(200, await chat.AskAsync());
        Assert.Equal((before + 0.0002m, 0m), ((await chat.App.BalanceAsync()).Settled, (await chat.App.BalanceAsync()).Held));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T107_Settlement_that_hangs_delays_an_answer_by_StoreTimeout_at_most_and_counts_when_it_arrives(bool tellsUsage)
    {
        SettlementsFail store = new() { Hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) };
        WatchedClock clock = new(TimeSpan.FromMilliseconds(250));
        await using ChatApp chat = await StartOnAsync(store, time: clock);
        chat.Model.TellsUsage = tellsUsage;
        Task<int> asking = chat.AskAsync();
        await clock.WaitedForAsync();
        clock.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(asking.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, await asking.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(1, store.Tries);
        decimal held = (await chat.App.BalanceAsync()).Held;
        Assert.True(held > 0.0002m);
        store.Hanging.SetResult();
        await UntilAsync(async () => (await chat.App.BalanceAsync()).Held == 0);
        Assert.Equal(tellsUsage ? chat.Model.Bill : held, (await chat.App.BalanceAsync()).Settled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T107_Settlement_that_was_refused_while_the_answer_went_out_is_made_when_the_request_ends(bool reports)
    {
        SettlementsFail store = new();
        int tries = 0;
        await using ChatApp chat = await StartOnAsync(store, app => app.MapPost("/late/v1/chat/completions", async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"model":"cheap","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}""");
            tries = store.Tries;
            store.Fault = null;
            if (reports)
            {
                context.GetBudgetGuard()!.ReportCost(0.25m);
            }
        }));
        await chat.App.SpendAsync(0.30m);
        store.Fault = new InvalidOperationException("down");
        int before = store.Tries;
        Assert.Equal(200, await chat.AskAsync(path: "/late/v1/chat/completions"));
        Assert.Equal((1, 2), (tries - before, store.Tries - before));
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.Equal((0.30m + (reports ? 0.25m : 0.0002m), 0m), (balance.Settled, balance.Held));
    }

    [Fact]
    public async Task Balance_read_right_after_the_answer_shows_what_it_cost()
    {
        await using ChatApp chat = await ChatApp.StartAsync(useKestrel: true);
        for (int i = 0; i < 300; i++)
        {
            using HttpResponseMessage answer = await chat.App.PostAsync(ChatApp.Chat, ChatApp.Body());
            await answer.Content.ReadAsByteArrayAsync();
            BudgetBalance balance = await chat.App.BalanceAsync();
            Assert.Equal((chat.Model.Bill, 0m), (balance.Settled, balance.Held));
        }
    }

    [Fact]
    public async Task EnableThrottling_false_denies_nobody_tells_what_it_would_have_done_and_charges_all()
    {
        await using ChatApp chat = await ChatApp.StartAsync("""
            {"EnableThrottling":false,"Budgets":{"daily":{"Limit":0.0003,"Period":"Day","Per":["User"]},"rpm":{"Requests":1,"Period":"Minute","Per":["User"]}}}
            """);
        using HttpResponseMessage fits = await chat.App.PostAsync(ChatApp.Chat, ChatApp.Body());
        Assert.False(fits.Headers.Contains("X-BudgetGuard-Shadow"));
        for (int i = 0; i < 5; i++)
        {
            using HttpResponseMessage answer = await chat.App.PostAsync(ChatApp.Chat, ChatApp.Body());
            Assert.Equal(200, (int)answer.StatusCode);
            Assert.StartsWith("reject", Assert.Single(answer.Headers.GetValues("X-BudgetGuard-Shadow")), StringComparison.Ordinal);
        }

        Assert.Equal(6, chat.Arrivals);
        Assert.Equal(chat.Model.Bill, (await chat.App.BalanceAsync()).Settled);
        Assert.Equal(6m, (await chat.App.BalanceAsync(budget: "rpm")).Settled);
        await chat.AssertBooksAsync();
    }

    [Fact]
    public async Task EnableBudgetMonitoring_false_is_no_guard_at_all_and_true_is_one_again()
    {
        bool? sawGuard = null;
        await using ChatApp chat = await ChatApp.StartAsync(
            """{"EnableBudgetMonitoring":false,"Budgets":{"daily":{"Limit":0.0001,"Period":"Day","Per":["User"]}}}""",
            map: app => app.MapPost("/api/run", (HttpContext context) => sawGuard = context.GetBudgetGuard() is not null).WithCost(25m));
        Assert.Equal(200, await chat.AskAsync());
        Assert.Equal(200, await chat.AskAsync("no json"[..0], path: "/api/run"));
        Assert.False(sawGuard);
        await using (BudgetLease lease = await chat.App.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 5m }))
        {
            Assert.True(lease.IsAllowed);
            lease.ReportCost(5m);
        }

        Assert.Equal(0m, (await chat.App.BalanceAsync()).Settled);
        chat.Reconfigure("BudgetGuard:EnableBudgetMonitoring", "true");
        Assert.Equal(402, await chat.AskAsync());
        Assert.Equal(402, await chat.AskAsync("{}", path: "/api/run"));
    }

    private static Task<ChatApp> StartOnAsync(SettlementsFail store, Action<WebApplication>? map = null, FakeTimeProvider? time = null) => ChatApp.StartAsync(
        map: map,
        configure: setup =>
        {
            setup.Time = time ?? setup.Time;
            store.Inner = new InMemoryCostTracker(setup.Time, static () => ExpiredHolds.Charge);
            setup.Services = services => services.AddSingleton<ICostTracker>(store);
        });

    /// <summary>Waits for what the server does after its answer.</summary>
    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
