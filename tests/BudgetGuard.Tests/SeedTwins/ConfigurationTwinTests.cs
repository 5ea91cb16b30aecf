using System.Net;
using BudgetGuard.Tests.Docs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.SeedTwins;

/// <summary>The ways to configure: what the documentation shows does what it says.</summary>
public sealed class ConfigurationTwinTests
{
    /// <summary>A first request is refused already: who is answered 200 was not guarded.</summary>
    private const string Nothing = """{"BudgetGuard":{"Budgets":{"none":{"Requests":0,"Period":"Day"}}}}""";

    [Theory]
    [InlineData("GET", "/api/test", HttpStatusCode.PaymentRequired)]
    [InlineData("POST", "/v1/test", HttpStatusCode.PaymentRequired)]
    [InlineData("HEAD", "/api/test", HttpStatusCode.OK)]
    [InlineData("OPTIONS", "/api/test", HttpStatusCode.OK)]
    [InlineData("GET", "/apiary", HttpStatusCode.OK)]
    [InlineData("GET", "/health", HttpStatusCode.OK)]
    [InlineData("GET", "/other", HttpStatusCode.OK)]
    public async Task Environment_variables_of_the_documentation_filter_requests(string method, string path, HttpStatusCode status)
    {
        string variables = Assert.Single(Snippet.Blocks("docs/from-leadfactory.md", "bash"));
        await using TwinApp app = new(Nothing);
        app.Builder.Configuration.AddInMemoryCollection(variables.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=')).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1])));
        app.Builder.Services.AddBudgetGuard();
        await AssertAnswerAsync(app, method, path, status);
    }

    [Theory]
    [InlineData("GET", "/api/test", HttpStatusCode.PaymentRequired)]
    [InlineData("HEAD", "/api/test", HttpStatusCode.OK)]
    [InlineData("GET", "/static/site.css", HttpStatusCode.OK)]
    [InlineData("GET", "/favicon.ico", HttpStatusCode.OK)]
    [InlineData("GET", "/", HttpStatusCode.OK)]
    public async Task Filtering_settings_of_the_readme_filter_requests(string method, string path, HttpStatusCode status)
    {
        await using TwinApp app = new(Nothing);
        app.Builder.Configuration.AddJsonStream(Readme("IncludeOnlyPaths"));
        app.Builder.Services.AddBudgetGuard();
        await AssertAnswerAsync(app, method, path, status);
    }

    [Fact]
    public async Task Delegate_of_the_readme_wins_over_settings_and_closes_the_guard()
    {
        await using TwinApp app = new("""{"BudgetGuard":{"FailOpen":true,"CacheTtlSeconds":5}}""");
        await app.ConfigureAsync("README.md", "options.FailOpen = false;");
        app.Builder.Services.AddSingleton<IModelExtractor>(new ModelOfQuery());
        await app.StartAsync(Endpoints);
        foreach ((string path, HttpStatusCode status) in new[]
        {
            ("/admin?model=fail", HttpStatusCode.OK),
            ("/api/test?model=fail", HttpStatusCode.ServiceUnavailable),
            ("/status?model=fail", HttpStatusCode.ServiceUnavailable),
            ("/api/test?model=gpt-4o", HttpStatusCode.OK),
        })
        {
            using HttpResponseMessage answer = await app.GetAsync(path);
            Assert.Equal(status, answer.StatusCode);
        }

        Assert.Equal(0.01m, await app.SettledAsync("gpt4_month", "alice", model: "gpt-4o"));
        IBudgetGuard guard = app.Services.GetRequiredService<IBudgetGuard>();
        Assert.Empty(await guard.ReadAsync(new BudgetRequest { Model = "gpt-3.5-turbo" }));

        // July begins in Berlin two hours before it begins in UTC.
        BudgetBalance month = Assert.Single(await guard.ReadAsync(new BudgetRequest { Model = "gpt-4o" }));
        Assert.Equal((200m, new DateTimeOffset(2026, 6, 30, 22, 0, 0, TimeSpan.Zero)), (month.Limit, month.ResetsAt));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Caching_settings_of_the_readme_change_no_decision(bool cache)
    {
        await using TwinApp app = new("""{"BudgetGuard":{"Budgets":{"daily":{"Limit":0.01,"Period":"Day","Per":["User"]}}}}""");
        app.Builder.Configuration.AddJsonStream(Readme("AsyncProcessing"));
        app.Builder.Services.AddBudgetGuard(options => options.CacheDecisions &= cache);
        await app.StartAsync(Endpoints);
        List<HttpStatusCode> statuses = [];
        foreach (TimeSpan wait in new[] { TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(61), TimeSpan.FromDays(1) })
        {
            app.Time.Advance(wait);
            using HttpResponseMessage answer = await app.GetAsync("/api/test");
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired, HttpStatusCode.OK], statuses);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Debug_mode_tells_of_each_request_why_it_is_guarded_or_not(bool byVariables)
    {
        await using TwinApp app = new("""{"BudgetGuard":{"Budgets":{"daily":{"Limit":1,"Period":"Day"}}}}""");
        if (byVariables)
        {
            app.Builder.Configuration["LEADFACTORY_LOG_LEVEL"] = "DEBUG";
            app.Builder.Configuration["LEADFACTORY_ENABLE_REQUEST_LOGGING"] = "true";
        }
        else
        {
            app.Builder.Configuration.AddJsonStream(Readme("\"LogLevel\""));
        }

        app.Builder.Logging.SetMinimumLevel(LogLevel.Warning);
        app.Builder.Services.AddBudgetGuard();
        await app.StartAsync(Endpoints);
        using HttpResponseMessage health = await app.GetAsync("/health");
        using HttpResponseMessage test = await app.GetAsync("/api/test");
        Assert.Contains("GET /health is not guarded: PathExcluded", app.LogLines);
        Assert.Contains(
            "GET /api/test is guarded: user alice, operation api_call, model , estimate $0.01; decision allow, budget daily", app.LogLines);
        Assert.Contains("GET /api/test: allow by daily, user alice, operation api_call, model , status 200, cost $0.01", app.LogLines);
    }

    [Fact]
    public async Task Without_debug_mode_requests_leave_no_line()
    {
        await using TwinApp app = new("""{"BudgetGuard":{"Budgets":{"daily":{"Limit":1,"Period":"Day"}}}}""");
        app.Builder.Services.AddBudgetGuard();
        await app.StartAsync(Endpoints);
        using HttpResponseMessage test = await app.GetAsync("/api/test");
        Assert.DoesNotContain(app.LogLines, line => line.Contains("/api/test", StringComparison.Ordinal));
    }

    private static MemoryStream Readme(string text) => new(System.Text.Encoding.UTF8.GetBytes(
        Assert.Single(Snippet.Blocks("README.md", "json"), block => block.Contains(text, StringComparison.Ordinal))));

    private static void Endpoints(WebApplication app)
    {
        app.UseBudgetGuard();
        app.Map("/{**path}", () => "done");
    }

    private static async Task AssertAnswerAsync(TwinApp app, string method, string path, HttpStatusCode status)
    {
        await app.StartAsync(Endpoints);
        using HttpResponseMessage answer = await app.SendAsync(new HttpMethod(method), path, null);
        Assert.Equal(status, answer.StatusCode);
    }

    private sealed class ModelOfQuery : IModelExtractor
    {
        public ValueTask<string?> ExtractAsync(Microsoft.AspNetCore.Http.HttpContext context, CancellationToken cancellationToken) =>
            context.Request.Query["model"] == "fail" ? throw new InvalidOperationException("broken") : new(context.Request.Query["model"].ToString());
    }
}
