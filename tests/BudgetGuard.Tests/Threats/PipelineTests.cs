using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>What other middleware does around the guard: one request is decided and charged once, and by how it ended.</summary>
public sealed class PipelineTests
{
    private const string Counted =
        """{"EnableRequestLogging":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"count":{"Requests":100,"Period":"Day","Per":["User"]}}}""";

    [Fact]
    public async Task T18_Guard_registered_twice_charges_once()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseRouting();
                app.UseBudgetGuard();
                app.UseBudgetGuard();
                app.MapPost("/api/run", costly.RunAsync).WithCost(0.10m);
            },
        });

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await AssertChargedAsync(app, 0.10m, requests: 1);
    }

    [Fact]
    public async Task T18_Guard_outside_and_inside_a_branch_charges_once()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseBudgetGuard();
                app.Map("/api", branch =>
                {
                    branch.UseBudgetGuard();
                    branch.Run(costly.RunAsync);
                });
            },
        });

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await AssertChargedAsync(app, 0.01m, requests: 1);
    }

    [Fact]
    public async Task T18_Inner_guard_judges_what_the_outer_one_let_off()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseBudgetGuard();
                app.Use((context, next) =>
                {
                    context.Request.Path = "/api/run";
                    return next(context);
                });
                app.UseBudgetGuard();
                app.Run(costly.RunAsync);
            },
        });
        await app.ExhaustAsync();

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/health");
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal(0, costly.Hits);
    }

    [Fact]
    public async Task T19_Exception_handler_that_runs_the_pipeline_again_charges_nothing_twice()
    {
        await using GuardedApp app = await StartWithHandlerAsync(handlerFirst: true);

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/boom");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("sorry", await answer.Content.ReadAsStringAsync());
        await AssertChargedAsync(app, 0m, requests: 1);
        Assert.Equal(1, CountDecisions(app));
    }

    [Fact]
    public async Task T19_Exhausted_user_gets_the_denial_once_and_no_error_page()
    {
        await using GuardedApp app = await StartWithHandlerAsync(handlerFirst: true);
        await app.ExhaustAsync();

        using HttpResponseMessage denied = await app.SendAsync(HttpMethod.Post, "/boom");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.StartsWith("""{"error":"Budget limit exceeded","decision":"reject",""", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(1, CountDecisions(app));
    }

    [Fact]
    public async Task T19_Error_page_of_an_unguarded_request_is_judged_like_any_other()
    {
        // The first pass was let off, so the page is the first thing that is decided, and charged, on this request.
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseExceptionHandler("/error");
                app.UseRouting();
                app.UseBudgetGuard();
                app.MapPost("/health", _ => throw new InvalidOperationException("boom"));
                app.Map("/error", () => "sorry");
            },
        });

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/health");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("sorry", await answer.Content.ReadAsStringAsync());
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
    }

    [Theory]
    [InlineData(ResponseFormat.BudgetGuard)]
    [InlineData(ResponseFormat.ProblemDetails)]
    public async Task T20_Status_code_pages_leave_the_denial_alone(ResponseFormat format)
    {
        HitCounter pages = new();
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, new GuardedAppSetup
        {
            Configure = options => options.ResponseFormat = format,
            Pipeline = app =>
            {
                app.UseStatusCodePagesWithReExecute("/sc/{0}");
                app.UseRouting();
                app.UseBudgetGuard();
                app.MapPost("/api/run", () => "done");
                app.Map("/sc/{code}", pages.RunAsync);
            },
        });
        await app.ExhaustAsync();

        using HttpResponseMessage denied = await app.SendAsync(HttpMethod.Post, "/api/run");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Contains("\"decision\":\"reject\"", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, pages.Hits);
        Assert.Equal(1, CountDecisions(app));
    }

    [Fact]
    public async Task T20_Page_for_the_status_of_the_app_is_not_a_second_request()
    {
        HitCounter pages = new();
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseStatusCodePagesWithReExecute("/sc/{0}");
                app.UseRouting();
                app.UseBudgetGuard();
                app.MapPost("/api/run", () => Results.StatusCode(418));
                app.Map("/sc/{code}", pages.RunAsync).RequireBudget();
            },
        });

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run");
        Assert.Equal(418, (int)answer.StatusCode);
        Assert.Equal(1, pages.Hits);
        await AssertChargedAsync(app, 0m, requests: 1);
        Assert.Equal(1, CountDecisions(app));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T21_Exception_before_the_response_starts_costs_nothing_in_either_order(bool handlerFirst)
    {
        await using GuardedApp app = await StartWithHandlerAsync(handlerFirst);

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/boom");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        await AssertChargedAsync(app, 0m, requests: 1);
    }

    [Fact]
    public async Task T21_Exception_without_a_handler_costs_nothing_although_the_status_is_still_200()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            Counted, app => app.MapPost("/boom", _ => throw new InvalidOperationException("boom")).WithCost(0.50m));

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.SendAsync(HttpMethod.Post, "/boom"));
        await AssertChargedAsync(app, 0m, requests: 1);
    }

    [Fact]
    public async Task T21_Exception_after_the_response_started_is_charged()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(Counted, app => app.MapPost("/boom", async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException("boom");
        }).WithCost(0.50m));

        await Assert.ThrowsAnyAsync<Exception>(async () => await (await app.SendAsync(HttpMethod.Post, "/boom")).Content.ReadAsStringAsync());
        await AssertChargedAsync(app, 0.50m, requests: 1);
    }

    private static Task<GuardedApp> StartWithHandlerAsync(bool handlerFirst) => GuardedApp.StartAsync(Counted, new GuardedAppSetup
    {
        Pipeline = app =>
        {
            if (handlerFirst)
            {
                app.UseExceptionHandler("/error");
            }

            app.UseRouting();
            app.UseBudgetGuard();
            if (!handlerFirst)
            {
                app.UseExceptionHandler("/error");
            }

            app.MapPost("/boom", _ => throw new InvalidOperationException("boom")).WithCost(0.50m);
            app.Map("/error", () => "sorry");
        },
    });

    private static int CountDecisions(GuardedApp app) => app.Logs.GetSnapshot().Count(record => record.Id.Name == "RequestDone");

    private static async Task AssertChargedAsync(GuardedApp app, decimal usd, int requests)
    {
        BudgetBalance money = await app.BalanceAsync();
        BudgetBalance count = await app.BalanceAsync(budget: "count");
        Assert.Equal((usd, 0m), (money.Settled, money.Held));
        Assert.Equal((requests, 0m), (count.Settled, count.Held));
    }
}
