using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Tests.Surface;

/// <summary>What endpoints say to the guard, from end to end.</summary>
public sealed class EndpointTermsTests
{
    private const string WithExports =
        """{"ExcludePaths":["/open"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"exports":{"Limit":1.00,"Period":"Day","Explicit":true}}}""";

    [Fact]
    public async Task RequireBudget_charges_the_explicit_budget_only_where_it_is_named()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(WithExports, app =>
        {
            app.MapPost("/export", () => "done").RequireBudget("EXPORTS").WithCost(0.60m);
            app.MapPost("/other", () => "done").WithCost(0.10m);
        });

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/other"));
        Assert.Equal(0m, await ExportsAsync(app));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/export"));
        Assert.Equal(0.60m, await ExportsAsync(app));
        Assert.Equal(0.70m, (await app.BalanceAsync()).Settled);

        using HttpResponseMessage denied = await app.SendAsync(HttpMethod.Post, "/export", "bob");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Contains("\"budget\":\"exports\"", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
    }

    [Fact]
    public async Task RequireBudget_of_an_unknown_budget_fails_at_start_and_names_the_endpoint()
    {
        OptionsValidationException error = await Assert.ThrowsAnyAsync<OptionsValidationException>(
            () => GuardedApp.StartAsync(WithExports, app => app.MapPost("/export", () => "done").RequireBudget("export")));
        Assert.Contains("/export", error.Message, StringComparison.Ordinal);
        Assert.Contains("'export', which is not configured", error.Message, StringComparison.Ordinal);
        Assert.Contains("exports", error.Message.Replace("/export", string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequireBudget_beats_path_filters_and_WithCost_does_not()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(WithExports, app =>
        {
            app.MapPost("/open/required", () => "done").RequireBudget();
            app.MapPost("/open/priced", () => "done").WithCost(0.50m);
        });
        await app.ExhaustAsync();

        Assert.Equal(HttpStatusCode.PaymentRequired, await PostAsync(app, "/open/required"));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/open/priced"));
        Assert.Equal(1.00m, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task RequireBudget_does_not_beat_excluded_methods()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"ExcludeMethods":["GET"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""",
            app => app.MapMethods("/required", ["GET", "POST"], () => "done").RequireBudget());
        await app.ExhaustAsync();

        using HttpResponseMessage read = await app.GetAsync("/required");
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.Equal(HttpStatusCode.PaymentRequired, await PostAsync(app, "/required"));
    }

    [Fact]
    public async Task DisableBudgetGuard_beats_everything_and_leaves_no_feature()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(WithExports, app =>
        {
            RouteGroupBuilder group = app.MapGroup("/group").RequireBudget("exports");
            group.MapPost("/free", Feature).DisableBudgetGuard();
            group.MapPost("/dear", Feature);
            app.MapPost("/v1/chat/completions", Feature).WithCost(0.50m).WithModelApi("openai.chat").RequireBudget().DisableBudgetGuard();
        });
        await app.ExhaustAsync();

        foreach (string path in (string[])["/group/free", "/v1/chat/completions"])
        {
            using HttpResponseMessage answer = await app.PostAsync(path, "{");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("null", await answer.Content.ReadAsStringAsync());
            Assert.False(answer.Headers.Contains("X-BudgetGuard-Budget"));
        }

        Assert.Equal(HttpStatusCode.PaymentRequired, await PostAsync(app, "/group/dear"));
        Assert.Equal(0m, await ExportsAsync(app));
    }

    [Fact]
    public async Task GetBudgetGuard_is_null_where_a_filter_lets_the_request_off_and_tells_all_where_it_does_not()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(WithExports, app =>
        {
            app.MapPost("/open/x", Feature);
            app.MapPost("/x", Feature).WithOperation("report").WithCost(0.25m);
        });

        using HttpResponseMessage open = await app.SendAsync(HttpMethod.Post, "/open/x");
        Assert.Equal("null", await open.Content.ReadAsStringAsync());
        using HttpResponseMessage guarded = await app.SendAsync(HttpMethod.Post, "/x");
        Assert.Equal("alice report 0.25 True 0.75", await guarded.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task WithOperation_names_the_operation_in_budgets_and_denials()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":0.01,"Period":"Day","Per":["User"],"Match":{"Operations":["report*"]}}}}""",
            app =>
            {
                app.MapPost("/report", () => "done").WithOperation("report_monthly");
                app.MapPost("/other", () => "done");
            });

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/report"));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/other"));
        using HttpResponseMessage denied = await app.SendAsync(HttpMethod.Post, "/report");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Contains("\"operation\":\"report_monthly\"", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/other"));
    }

    [Fact]
    public async Task WithCost_beats_the_estimator_of_the_app()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            WithExports,
            app =>
            {
                app.MapPost("/priced", () => "done").WithCost(0.02m);
                app.MapPost("/nothing", () => "done").WithCost(0m);
                app.MapPost("/estimated", () => "done");
            },
            setup => setup.Guard = guard => guard.UseCostEstimator(_ => 0.30m));

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/priced"));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/nothing"));
        Assert.Equal(0.02m, (await app.BalanceAsync()).Settled);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/estimated"));
        Assert.Equal(0.32m, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task Attributes_on_controllers_say_the_same_as_methods_on_endpoints()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(WithExports, new GuardedAppSetup
        {
            Services = MeteredController.Add,
            Pipeline = app =>
            {
                app.UseRouting();
                app.UseBudgetGuard();
                app.MapControllers();
            },
        });

        using HttpResponseMessage priced = await app.SendAsync(HttpMethod.Post, "/metered/priced");
        Assert.Equal("report", await priced.Content.ReadAsStringAsync());
        Assert.Equal(0.02m, (await app.BalanceAsync()).Settled);
        using HttpResponseMessage required = await app.SendAsync(HttpMethod.Post, "/metered/required");
        Assert.Equal("api_call", await required.Content.ReadAsStringAsync());
        Assert.Equal(0.01m, await ExportsAsync(app));

        await app.SpendAsync(0.97m);
        Assert.Equal(HttpStatusCode.PaymentRequired, await PostAsync(app, "/metered/priced"));
        using HttpResponseMessage free = await app.SendAsync(HttpMethod.Post, "/metered/free");
        Assert.Equal("unguarded", await free.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Attribute_that_names_an_unknown_budget_fails_at_start()
    {
        OptionsValidationException error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.MapControllers(), setup => setup.Services = MeteredController.Add));
        Assert.Contains("'exports', which is not configured", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithCost_and_WithModelApi_refuse_nonsense_where_it_is_written()
    {
        WebApplication app = WebApplication.CreateSlimBuilder().Build();
        Assert.Throws<ArgumentOutOfRangeException>(() => app.MapPost("/a", () => "done").WithCost(-0.01m));
        ArgumentException error = Assert.Throws<ArgumentException>(() => app.MapPost("/b", () => "done").WithModelApi("openai.chatt"));
        Assert.Contains("openai.chat", error.Message, StringComparison.Ordinal);
    }

    private static string Feature(HttpContext context) => context.GetBudgetGuard() is { } guard
        ? string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{guard.Request.Subject.User} {guard.Request.Operation} {guard.Request.Estimate?.CostUsd} {guard.Decision.IsAllowed} {guard.Remaining?.Usd}")
        : "null";

    private static async Task<HttpStatusCode> PostAsync(GuardedApp app, string path)
    {
        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, path);
        return answer.StatusCode;
    }

    private static async Task<decimal> ExportsAsync(GuardedApp app)
    {
        IReadOnlyList<BudgetBalance> balances = await app.Guard.ReadAsync(new BudgetRequest { Subject = "reader", RequiredBudgets = ["exports"] });
        return balances.Single(balance => balance.Budget == "exports").Settled;
    }
}
