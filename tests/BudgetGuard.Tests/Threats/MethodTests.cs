using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>Methods that a filter, routing and an upstream may read differently.</summary>
public sealed class MethodTests
{
    private const string OnlyPosts =
        """{"ExcludeMethods":["GET","HEAD","OPTIONS","PUT","PATCH","DELETE"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    [Theory]
    [InlineData("post")]
    [InlineData("pOsT")]
    [InlineData("POST")]
    public async Task T13_Lower_case_method_is_guarded(string method)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            OnlyPosts, app => app.MapPost("/api/run", costly.RunAsync), setup => setup.UseKestrel = true);
        await app.ExhaustAsync();

        Assert.Equal(402, await RawHttp.StatusAsync(app.Address, RawHttp.Request(method, "/api/run")));
        Assert.Equal(0, costly.Hits);
        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request(method, "/api/run", "X-User-ID: bob\r\n")));
    }

    [Theory]
    [InlineData("post")]
    [InlineData("pOsT")]
    public async Task T13_Lower_case_method_is_guarded_over_http2(string method)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(OnlyPosts, app => app.MapPost("/api/run", costly.RunAsync), setup => setup.UseKestrelHttp2());
        await app.ExhaustAsync();

        Assert.Equal(402, await RawHttp2.StatusAsync(app.Address, method, "/api/run", ("x-user-id", "alice")));
        Assert.Equal(0, costly.Hits);
        Assert.Equal(200, await RawHttp2.StatusAsync(app.Address, method, "/api/run", ("x-user-id", "bob")));
    }

    [Theory]
    [InlineData("get")]
    [InlineData("GET")]
    public async Task T13_Excluded_method_ignores_case_too(string method)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            OnlyPosts, app => app.MapGet("/api/run", costly.RunAsync), setup => setup.UseKestrel = true);
        await app.ExhaustAsync();

        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request(method, "/api/run")));
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("GET", false)]
    [InlineData("DELETE", true)]
    [InlineData("DELETE", false)]
    [InlineData("HEAD", true)]
    public async Task T14_Method_override_never_runs_a_guarded_endpoint_unguarded(string claimed, bool overrideComesFirst)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(OnlyPosts, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                // Routing has chosen the endpoint by POST before the method is overridden.
                app.UseRouting();
                if (overrideComesFirst)
                {
                    app.UseHttpMethodOverride();
                    app.UseBudgetGuard();
                }
                else
                {
                    app.UseBudgetGuard();
                    app.UseHttpMethodOverride();
                }

                app.MapPost("/api/run", costly.RunAsync);
            },
        });
        await app.ExhaustAsync();

        using HttpRequestMessage request = new(HttpMethod.Post, "/api/run");
        request.Headers.Add("X-User-ID", "alice");
        request.Headers.Add("X-HTTP-Method-Override", claimed);
        using HttpResponseMessage denied = await app.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Equal(0, costly.Hits);
    }

    [Fact]
    public async Task T14_Method_override_before_routing_is_judged_as_the_method_that_runs()
    {
        HitCounter costly = new();
        HitCounter free = new();
        await using GuardedApp app = await GuardedApp.StartAsync(OnlyPosts, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseHttpMethodOverride();
                app.UseRouting();
                app.UseBudgetGuard();
                app.MapPost("/api/run", costly.RunAsync);
                app.MapGet("/api/run", free.RunAsync);
            },
        });
        await app.ExhaustAsync();

        using HttpRequestMessage request = new(HttpMethod.Post, "/api/run");
        request.Headers.Add("X-User-ID", "alice");
        request.Headers.Add("X-HTTP-Method-Override", "GET");
        using HttpResponseMessage answer = await app.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, free.Hits);
        Assert.Equal(0, costly.Hits);
    }

    [Fact]
    public async Task T14_Override_of_a_model_call_stays_guarded_because_its_body_may_cost()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Pipeline = app =>
            {
                app.UseHttpMethodOverride();
                app.UseRouting();
                app.UseBudgetGuard();
                app.Map("/{**rest}", costly.RunAsync);
            },
        });
        await app.ExhaustAsync();

        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"cheap","messages":[{"role":"user","content":"hi"}]}"""),
        };
        request.Headers.Add("X-User-ID", "alice");
        request.Headers.Add("X-HTTP-Method-Override", "HEAD");
        using HttpResponseMessage answer = await app.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal(0, costly.Hits);
    }

    [Theory]
    [InlineData("TRACE")]
    [InlineData("FOO")]
    [InlineData("PATCH")]
    [InlineData("HEADS")]
    [InlineData("head ")]
    public async Task T15_Other_methods_follow_the_default_and_are_guarded(string method)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrel = true);
        await app.ExhaustAsync();

        int status = await RawHttp.StatusAsync(app.Address, RawHttp.Request(method, "/api/run"));
        Assert.InRange(status, 400, 499);
        Assert.Equal(0, costly.Hits);
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    [InlineData("GET")]
    public async Task T15_Body_to_a_model_api_is_guarded_under_any_method(string method)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            OnlyPosts, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrel = true);
        await app.ExhaustAsync();

        string message = RawHttp.Request(method, "/v1/chat/completions", body: """{"model":"cheap","messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(402, await RawHttp.StatusAsync(app.Address, message));
        Assert.Equal(0, costly.Hits);
    }

    [Fact]
    public async Task T15_Preflight_answers_an_exhausted_user_and_never_reaches_the_endpoint()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Services = services => services.AddCors(cors => cors.AddDefaultPolicy(policy => policy.AllowAnyOrigin().AllowAnyMethod().AllowAnyHeader())),
            Pipeline = app =>
            {
                app.UseRouting();
                app.UseBudgetGuard();
                app.UseCors();
                app.MapPost("/api/run", costly.RunAsync).RequireBudget();
            },
        });
        await app.ExhaustAsync();

        using HttpRequestMessage request = new(HttpMethod.Options, "/api/run");
        request.Headers.Add("Origin", "https://example.com");
        request.Headers.Add(CorsConstants.AccessControlRequestMethod, "POST");
        using HttpResponseMessage answer = await app.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("*", Assert.Single(answer.Headers.GetValues(CorsConstants.AccessControlAllowOrigin)));
        Assert.Equal(0, costly.Hits);
    }
}
