using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Tests.Threats;

/// <summary>Endpoints that say something to the guard and that it never saw: an error that names the cure, never a silent pass.</summary>
public sealed class UnseenEndpointTests
{
    [Theory]
    [InlineData("required")]
    [InlineData("priced")]
    [InlineData("model")]
    public async Task T17_Endpoint_with_metadata_fails_where_UseBudgetGuard_was_not_called(string path)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.MapPost("/required", costly.RunAsync).RequireBudget();
                app.MapPost("/priced", costly.RunAsync).WithCost(0.02m);
                app.MapPost("/model", costly.RunAsync).WithModelApi("openai.chat");
            },
        });

        await AssertTellsToUseTheGuardAsync(app, "/" + path);
        Assert.Equal(0, costly.Hits);
        Assert.Contains(app.Logs.GetSnapshot(), record => record.Message.Contains("UseBudgetGuard was not", StringComparison.Ordinal));
    }

    [Fact]
    public async Task T17_Unseen_endpoint_is_500_on_a_real_server()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            UseKestrel = true,
            Pipeline = app => app.MapPost("/required", costly.RunAsync).RequireBudget(),
        });

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/required");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal(0, costly.Hits);
    }

    [Fact]
    public async Task T17_Endpoint_with_metadata_fails_where_the_guard_runs_before_routing()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseBudgetGuard();
                app.UseRouting();
                app.MapPost("/required", costly.RunAsync).RequireBudget();
                app.MapPost("/silent", costly.RunAsync);
            },
        });

        await AssertTellsToUseTheGuardAsync(app, "/required");
        Assert.Equal(0, costly.Hits);
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
        using HttpResponseMessage silent = await app.SendAsync(HttpMethod.Post, "/silent");
        Assert.Equal(HttpStatusCode.OK, silent.StatusCode);
        Assert.Equal(0.01m, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task T17_Endpoint_with_metadata_fails_in_a_branch_without_the_guard()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseWhen(context => !context.Request.Headers.ContainsKey("X-Skip"), branch => branch.UseBudgetGuard());
                app.UseRouting();
                app.MapPost("/required", costly.RunAsync).RequireBudget();
            },
        });
        app.Client.DefaultRequestHeaders.Add("X-Skip", "1");

        await AssertTellsToUseTheGuardAsync(app, "/required");
        Assert.Equal(0, costly.Hits);
    }

    [Theory]
    [InlineData("/metered/required")]
    [InlineData("/metered/priced")]
    public async Task T17_Controller_with_attributes_fails_where_the_guard_has_not_seen_it(string path)
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Services = MeteredController.Add,
            Pipeline = app => app.MapControllers(),
            Configure = options => options.Budgets["exports"] = new BudgetOptions { Limit = 1, Period = BudgetPeriod.Day, Explicit = true },
        });

        await AssertTellsToUseTheGuardAsync(app, path);
    }

    [Fact]
    public async Task T17_Short_circuited_endpoint_with_metadata_is_a_start_up_error()
    {
        OptionsValidationException error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.MapPost("/quick", () => "done").RequireBudget().ShortCircuit()));
        Assert.Contains("/quick", error.Message, StringComparison.Ordinal);
        Assert.Contains("short-circuited", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T17_Short_circuited_or_unseen_endpoint_may_disable_the_guard()
    {
        HitCounter free = new();
        await using (GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.MapPost("/quick", free.RunAsync).DisableBudgetGuard().ShortCircuit()))
        {
            using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/quick");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await using (GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Pipeline = app => app.MapPost("/unseen", free.RunAsync).DisableBudgetGuard(),
        }))
        {
            using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/unseen");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(2, free.Hits);
    }

    [Fact]
    public async Task T17_Endpoint_chosen_anew_after_the_guard_fails_because_the_guard_judged_another()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseRouting();
                app.UseBudgetGuard();
                app.Use((context, next) =>
                {
                    context.Request.Path = "/dear";
                    context.SetEndpoint(null);
                    return next(context);
                });
                ((IApplicationBuilder)app).Properties.Remove("__EndpointRouteBuilder");
                app.UseRouting();
                app.MapPost("/cheap", costly.RunAsync).WithCost(0m);
                app.MapPost("/dear", costly.RunAsync).WithCost(0.90m);
            },
        });

        await AssertTellsToUseTheGuardAsync(app, "/cheap");
        Assert.Equal(0, costly.Hits);
    }

    [Fact]
    public async Task T17_UseBudgetGuard_without_AddBudgetGuard_tells_what_to_call()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseTestServer();
        await using WebApplication app = builder.Build();

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => app.UseBudgetGuard());
        Assert.Contains("AddBudgetGuard", error.Message, StringComparison.Ordinal);
    }

    private static async Task AssertTellsToUseTheGuardAsync(GuardedApp app, string path)
    {
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => app.SendAsync(HttpMethod.Post, path));
        Assert.Contains("app.UseBudgetGuard() after app.UseRouting()", error.Message, StringComparison.Ordinal);
    }
}
