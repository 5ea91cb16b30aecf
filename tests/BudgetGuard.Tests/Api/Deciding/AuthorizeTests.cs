using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static BudgetGuard.Tests.Api.Deciding.Proxies;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>What a proxy is answered that asks about the requests of its clients.</summary>
public sealed class AuthorizeTests
{
    private const string Plenty = """{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1000,"Period":"Day","Per":["User"]}}}""";
    private const string Throttled = """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"OnExceeded":"Throttle"}}}""";

    [Fact]
    public async Task Nginx_is_answered_204_and_the_estimate_is_charged_at_once()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        using HttpResponseMessage answer = await NginxAsync(app, "/work");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("daily", answer.Headers.GetValues("X-BudgetGuard-Budget").Single());
        Assert.Equal((0.01m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task Nginx_is_answered_403_and_what_it_should_have_been_when_the_money_is_gone()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        await app.App.ExhaustAsync();
        using HttpResponseMessage answer = await NginxAsync(app, "/work");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("402", answer.Headers.GetValues("X-BudgetGuard-Status").Single());
        Assert.Equal("false", answer.Headers.GetValues("x-should-retry").Single());
    }

    [Fact]
    public async Task Nginx_is_told_when_to_come_back()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Throttled);
        await app.App.ExhaustAsync();
        using HttpResponseMessage answer = await NginxAsync(app, "/work");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("429", answer.Headers.GetValues("X-BudgetGuard-Status").Single());
        Assert.Equal("43200", answer.Headers.GetValues("Retry-After").Single());
    }

    [Fact]
    public async Task Envoy_is_answered_200_or_what_the_middleware_answers()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        using HttpResponseMessage allowed = await app.App.SendAsync(HttpMethod.Put, Root + "/work?profile=nginx&x=1");
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        Assert.Equal((0.01m, 0m), await app.BooksAsync());
        await app.App.SpendAsync(0.99m);
        using HttpResponseMessage denied = await app.App.SendAsync(HttpMethod.Put, Root + "/work");
        using HttpResponseMessage own = await app.App.SendAsync(HttpMethod.Put, "/work");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.False(denied.Headers.Contains("X-BudgetGuard-Status"));
        Assert.Equal(await own.Content.ReadAsStringAsync(), await denied.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Envoy_may_have_its_profile_before_the_path()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        using HttpResponseMessage pass = await app.App.SendAsync(HttpMethod.Get, Root + "?profile=envoy/health?x=1");
        Assert.Equal(HttpStatusCode.OK, pass.StatusCode);
        Assert.Equal((0m, 0m), await app.BooksAsync());
        using HttpResponseMessage charged = await app.App.SendAsync(HttpMethod.Get, Root + "?profile=envoy/work&profile=nginx");
        Assert.Equal(HttpStatusCode.OK, charged.StatusCode);
        Assert.Equal((0.01m, 0m), await app.BooksAsync());
    }

    [Theory]
    [InlineData(Chat, """{"model":"exp","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}""")]
    [InlineData(Chat, """{"model":"exp","stream":true,"max_tokens":9000,"messages":[{"role":"user","content":"hello"}]}""")]
    [InlineData("/v1beta/models/exp:generateContent", """{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{"maxOutputTokens":70}}""")]
    public async Task A_body_that_is_forwarded_is_costed_as_the_middleware_costs_it(string path, string body)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        using HttpResponseMessage own = await app.App.PostAsync(path, body, "bob");
        using HttpResponseMessage envoy = await app.App.PostAsync(Root + path, body);
        Assert.Equal(HttpStatusCode.OK, envoy.StatusCode);
        Assert.Equal(own.Headers.GetValues("X-BudgetGuard-Estimate").Single(), envoy.Headers.GetValues("X-BudgetGuard-Estimate").Single());
        Assert.Equal(
            own.Headers.GetValues("X-BudgetGuard-Estimate").Single(),
            (await app.BooksAsync()).Settled.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_stream_has_to_fit_as_a_whole()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"daily":{"Limit":0.5,"Period":"Day","Per":["User"]}}}""");
        const string Stream = """{"model":"exp","stream":true,"max_tokens":9000,"messages":[]}""";
        using HttpResponseMessage answer = await app.App.PostAsync(Root + Chat, Stream);
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal("reject", (await app.DecideAsync($$"""{"user":"alice","path":"{{Chat}}","request":{{Stream}} }""")).Decision);
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task T207_A_body_that_nobody_sees_costs_the_most_that_its_model_can()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        using HttpResponseMessage answer = await NginxAsync(app, "/openai/deployments/exp/chat/completions", "POST");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        decimal most = (128_000 * 10m + 10_000 * 100m) / 1_000_000m;
        Assert.Equal((most, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task T207_A_body_of_which_only_a_part_is_forwarded_is_refused()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        app.App.Client.DefaultRequestHeaders.Add("x-envoy-auth-partial-body", "true");
        using HttpResponseMessage answer = await app.App.PostAsync(Root + Chat, """{"model":"exp","messages":[]}""");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task T207_A_body_that_is_cut_off_is_refused()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        using HttpResponseMessage answer = await app.App.PostAsync(Root + Chat, """{"model":"exp","messages":[{"role":"us""");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task Traefik_is_answered_200_or_the_denial_itself()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        using HttpResponseMessage allowed = await TraefikAsync(app, "/work?x=1", "PUT");
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        await app.App.SpendAsync(0.99m);
        using HttpResponseMessage denied = await TraefikAsync(app, "/work?x=1", "PUT");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Contains("\"decision\":\"reject\"", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using HttpResponseMessage health = await TraefikAsync(app, "/health", "GET");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task A_client_behind_envoy_does_not_choose_how_it_is_asked_about()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        app.App.Client.DefaultRequestHeaders.Add("X-Original-URI", "/health");
        app.App.Client.DefaultRequestHeaders.Add("X-Forwarded-Uri", "/health");
        await app.App.ExhaustAsync();
        foreach (string query in (string[])["?profile=nginx", "?profile=traefik", "?profile=envoy/health"])
        {
            using HttpResponseMessage answer = await app.App.SendAsync(HttpMethod.Get, $"{Root}/work{query}");
            Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
            using HttpResponseMessage root = await app.App.SendAsync(HttpMethod.Get, $"{Root}/{query}");
            Assert.Equal(HttpStatusCode.PaymentRequired, root.StatusCode);
        }
    }

    [Fact]
    public async Task The_user_header_counts_only_where_it_is_trusted()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"TrustUserHeader":false,"Budgets":{"daily":{"Limit":1,"Period":"Day","Per":["User"]}}}""");
        using HttpResponseMessage answer = await NginxAsync(app, "/work");
        Assert.Equal((0m, 0m), await app.BooksAsync());
        Assert.Equal((0.01m, 0m), await app.BooksAsync("anonymous"));
    }

    [Fact]
    public async Task An_extractor_of_the_app_sees_the_request_that_was_asked_about()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(configure: setup => setup.Guard = guard => guard.UseUserExtractor(
            context => $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Query["tenant"]} {context.GetEndpoint()?.DisplayName}".Trim()));
        using HttpResponseMessage answer = await NginxAsync(app, "/work%20here?tenant=red", "PUT");
        Assert.Equal((0.01m, 0m), await app.BooksAsync("PUT /work%20here?tenant=red red"));
    }

    [Theory]
    [InlineData("?profile=nginx", 403)]
    [InlineData("/work", 503)]
    [InlineData("?profile=traefik", 503)]
    public async Task Closed_a_store_that_is_down_lets_nothing_pass(string target, int status)
    {
        var store = new FlakyTracker();
        await using DecidingApp app = await DecidingApp.StartAsync(
            """{"FailOpen":false,"Budgets":{"daily":{"Limit":1,"Period":"Day"}}}""", setup => setup.Services = store.AddTo);
        store.Fault = new IOException("down");
        app.App.Client.DefaultRequestHeaders.Add("X-Original-URI", "/work");
        app.App.Client.DefaultRequestHeaders.Add("X-Forwarded-Uri", "/work");
        using HttpResponseMessage answer = await app.App.SendAsync(HttpMethod.Get, Root + target);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 403)
        {
            Assert.Equal("503", answer.Headers.GetValues("X-BudgetGuard-Status").Single());
        }
    }

    [Fact]
    public async Task Open_a_store_that_is_down_lets_everything_pass()
    {
        var store = new FlakyTracker();
        await using DecidingApp app = await DecidingApp.StartAsync(configure: setup => setup.Services = store.AddTo);
        store.Fault = new IOException("down");
        using HttpResponseMessage answer = await NginxAsync(app, "/work");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Fact]
    public async Task Exactly_ten_of_a_hundred_at_once_pass_on_a_real_server()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(
            """{"DefaultCost":0.1,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""", static setup => setup.UseKestrel = true);
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => NginxAsync(app, "/work")));
        Assert.Equal(10, answers.Count(static answer => answer.StatusCode == HttpStatusCode.NoContent));
        Assert.Equal(90, answers.Count(static answer => answer.StatusCode == HttpStatusCode.Forbidden));
        Assert.Equal((1m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task On_a_real_server_bodies_are_read_and_paths_are_taken_as_they_came()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty, static setup => setup.UseKestrel = true);
        using HttpResponseMessage envoy = await app.App.PostAsync(Root + Chat, """{"model":"exp","max_tokens":100,"messages":[]}""");
        Assert.Equal(HttpStatusCode.OK, envoy.StatusCode);
        decimal seen = (await app.BooksAsync()).Settled;
        Assert.InRange(seen, 0.01m, 0.02m);
        using HttpResponseMessage unseen = await app.App.SendAsync(HttpMethod.Post, Root + "/openai/deployments/exp/chat/completions");
        Assert.Equal(HttpStatusCode.OK, unseen.StatusCode);
        Assert.Equal(2.28m, (await app.BooksAsync()).Settled - seen);
    }
}
