using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>What the app reports beats everything else, adds up, and ends with the request.</summary>
public sealed class ReportTests
{
    private const string Run = "/api/run";
    private const string Call = "/run/v1/chat/completions";
    private static readonly TokenUsage Cheap = new() { Model = "cheap", InputTokens = 100, OutputTokens = 50 };

    [Theory]
    [InlineData("-0.01")]
    [InlineData("100000000000000000000")]
    public async Task T75_Cost_that_no_budget_could_count_is_refused_where_it_is_reported(string usd)
    {
        decimal cost = decimal.Parse(usd, System.Globalization.CultureInfo.InvariantCulture);
        await using GuardedApp app = await StartAsync(context =>
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => context.GetBudgetGuard()!.ReportCost(cost));
            return Task.CompletedTask;
        });
        Assert.Equal(200, await AskAsync(app, Run));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(403)]
    [InlineData(500)]
    [InlineData(504)]
    public async Task T110_Report_beats_how_the_request_ends(int status)
    {
        await using GuardedApp app = await StartAsync(context =>
        {
            context.GetBudgetGuard()!.ReportUsage(Cheap);
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        Assert.Equal(status, await AskAsync(app, Run));
        Assert.Equal(new Books(0.0002m, 150, 1), await Books.ReadAsync(app));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Report_beats_an_exception_that_follows(bool started)
    {
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(
            async context =>
            {
                context.GetBudgetGuard()!.ReportUsage(Cheap);
                if (started)
                {
                    await context.Response.WriteAsync("half");
                    await context.Response.Body.FlushAsync();
                }

                throw new InvalidOperationException("broken");
            },
            ends);
        await Assert.ThrowsAnyAsync<Exception>(async () => await AskAsync(app, Run));
        await ends.NextAsync();
        Assert.Equal(new Books(0.0002m, 150, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task Reports_add_up_in_money_and_tokens()
    {
        await using GuardedApp app = await StartAsync(context =>
        {
            IBudgetGuardFeature guard = context.GetBudgetGuard()!;
            guard.ReportUsage(Cheap);
            guard.ReportUsage(Cheap with { Model = "exp" });
            guard.ReportCost(0.5m);
            guard.ReportCost(0);
            return Task.CompletedTask;
        });
        await AskAsync(app, Run);
        Assert.Equal(new Books(0.0002m + 0.006m + 0.5m, 300, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task Reports_of_many_threads_add_up_exactly()
    {
        await using GuardedApp app = await StartAsync(async context =>
        {
            IBudgetGuardFeature guard = context.GetBudgetGuard()!;
            await Parallel.ForAsync(0, 1_000, (i, _) =>
            {
                if (i % 2 == 0)
                {
                    guard.ReportCost(0.001m);
                }
                else
                {
                    guard.ReportUsage(Cheap);
                }

                return ValueTask.CompletedTask;
            });
        });
        await AskAsync(app, Run);
        Assert.Equal(new Books(0.5m + 0.1m, 75_000, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task Report_of_no_cost_alone_charges_no_money_and_leaves_the_tokens_at_the_estimate()
    {
        Books estimate = default;
        await using GuardedApp app = await StartAsync(context =>
        {
            IBudgetGuardFeature guard = context.GetBudgetGuard()!;
            estimate = new Books(0, guard.Request.Estimate!.Value.Tokens, 1);
            guard.ReportCost(0);
            return Task.CompletedTask;
        });
        await AskAsync(app, Call);
        Assert.True(estimate.Tokens > 100);
        Assert.Equal(estimate, await Books.ReadAsync(app));
    }

    [Fact]
    public async Task Answer_with_usage_settles_at_the_reports_until_then_and_later_ones_add_to_them()
    {
        BudgetBalance[] whenAnswered = [];
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(
            async context =>
            {
                IBudgetGuardFeature guard = context.GetBudgetGuard()!;
                guard.ReportCost(0.25m);
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("""{"model":"cheap","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}""");
                whenAnswered = [.. await context.RequestServices.GetRequiredService<IBudgetGuard>().ReadAsync(new BudgetRequest { Subject = "alice" })];
                guard.ReportUsage(Cheap with { OutputTokens = 60 });
            },
            ends);
        Assert.Equal(200, await AskAsync(app, Call));
        await ends.NextAsync();
        Assert.Equal(
            [("daily", 0.25m, 0m), ("tokens", 150m, 0m)],
            whenAnswered.Where(static b => b.Budget is "daily" or "tokens").Select(static b => (b.Budget, b.Settled, b.Held)).Order());
        Assert.Equal(new Books(0.25m + 0.00022m, 160, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task Report_of_less_than_nothing_is_refused_and_changes_nothing()
    {
        await using GuardedApp app = await StartAsync(context =>
        {
            IBudgetGuardFeature guard = context.GetBudgetGuard()!;
            Assert.Throws<ArgumentOutOfRangeException>(() => guard.ReportCost(-0.000000001m));
            Assert.Throws<ArgumentOutOfRangeException>(() => guard.ReportUsage(Cheap with { InputTokens = -1 }));
            Assert.Throws<ArgumentOutOfRangeException>(() => guard.ReportUsage(Cheap with { OutputTokens = long.MinValue }));
            Assert.Throws<ArgumentOutOfRangeException>(() => guard.ReportUsage(Cheap with { CacheReadTokens = -1 }));
            Assert.Throws<ArgumentNullException>(() => guard.ReportUsage(null!));
            guard.ReportUsage(Cheap);
            return Task.CompletedTask;
        });
        Assert.Equal(200, await AskAsync(app, Run));
        Assert.Equal(new Books(0.0002m, 150, 1), await Books.ReadAsync(app));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Report_after_the_end_is_told_so_and_charged_to_nobody(bool reportedBefore)
    {
        IBudgetGuardFeature? kept = null;
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(
            context =>
            {
                kept = context.GetBudgetGuard();
                if (reportedBefore)
                {
                    kept!.ReportUsage(Cheap);
                }

                return Task.CompletedTask;
            },
            ends);
        await AskAsync(app, Run);
        await ends.NextAsync();
        Books settled = await Books.ReadAsync(app);
        InvalidOperationException cost = Assert.Throws<InvalidOperationException>(() => kept!.ReportCost(1m));
        InvalidOperationException usage = Assert.Throws<InvalidOperationException>(() => kept!.ReportUsage(Cheap));
        Assert.All([cost, usage], static answer => Assert.Contains("has ended", answer.Message, StringComparison.Ordinal));
        Assert.Equal(settled, await Books.ReadAsync(app));
        Assert.Equal(reportedBefore ? new Books(0.0002m, 150, 1) : new Books(0.01m, 0, 1), settled);
    }

    [Fact]
    public async Task T89_Report_above_the_limit_is_charged_in_full()
    {
        await using GuardedApp app = await StartAsync(context =>
        {
            context.GetBudgetGuard()!.ReportCost(1_500m);
            return Task.CompletedTask;
        });
        Assert.Equal(200, await AskAsync(app, Run));
        Assert.Equal(1_500m, (await Books.ReadAsync(app)).Money);
        Assert.Equal(402, await AskAsync(app, Run));
    }

    private static async Task<int> AskAsync(GuardedApp app, string path)
    {
        using HttpResponseMessage answer = await app.PostAsync(path, ChatApp.Body());
        await answer.Content.ReadAsByteArrayAsync();
        return (int)answer.StatusCode;
    }

    private static Task<GuardedApp> StartAsync(RequestDelegate run, EndOfRequests? ends = null)
    {
        GuardedAppSetup setup = new();
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Pipeline = app =>
        {
            if (ends is not null)
            {
                app.Use(ends.SignalAsync);
            }

            app.UseBudgetGuard();
            app.MapPost(Run, run);
            app.MapPost(Call, run);
        };
        return GuardedApp.StartAsync(Books.Section, setup);
    }
}
