using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>The log's level, the line for each request, and what the Debug lines tell.</summary>
public sealed class LogLevelTests
{
    [Theory]
    [InlineData("LEADFACTORY_LOG_LEVEL", "DEBUG")]
    [InlineData("LEADFACTORY_LOG_LEVEL", "debug")]
    [InlineData("BudgetGuard:LogLevel", "Debug")]
    public async Task Level_opens_the_log_of_the_guard_and_of_nobody_else(string key, string level)
    {
        await using GuardedApp app = await StartAsync(key, level);
        using HttpResponseMessage answer = await app.GetAsync("/api/run");
        FakeLogRecord[] debug = [.. app.Logs.GetSnapshot().Where(static record => record.Level < LogLevel.Information)];
        Assert.NotEmpty(debug);
        Assert.All(debug, static record => Assert.StartsWith("BudgetGuard", record.Category, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Host_decides_where_no_level_is_set()
    {
        await using GuardedApp app = await StartAsync("BudgetGuard:DefaultCost", "0.01");
        using HttpResponseMessage answer = await app.GetAsync("/api/run");
        Assert.DoesNotContain(app.Logs.GetSnapshot(), static record => record.Level < LogLevel.Information);
    }

    [Theory]
    [InlineData("WARNING", true)]
    [InlineData("ERROR", false)]
    [InlineData("CRITICAL", false)]
    public async Task Level_closes_the_log_of_the_guard_too(string level, bool warns)
    {
        await using GuardedApp app = await StartAsync("LEADFACTORY_LOG_LEVEL", level);
        Assert.Equal(warns, app.Logs.GetSnapshot().Any(static record => record.Id.Name == "UnsafeChoice"));
    }

    [Fact]
    public async Task Request_log_has_one_line_for_each_guarded_request_and_says_everything()
    {
        await using GuardedApp app = await StartAsync("LEADFACTORY_ENABLE_REQUEST_LOGGING", "true");
        foreach (string path in (string[])["/api/run", "/health", "/api/run"])
        {
            using HttpResponseMessage answer = await app.GetAsync(path);
        }

        Assert.Equal(
            [
                (LogLevel.Information, "GET /api/run: allow by daily, user alice, operation report, model , status 200, cost $0.6"),
                (LogLevel.Information, "GET /api/run: reject by daily, user alice, operation report, model , status 402, cost $0"),
            ],
            app.Logs.GetSnapshot().Where(static record => record.Id.Name == "RequestDone").Select(static record => (record.Level, record.Message)));
    }

    [Fact]
    public async Task Request_log_tells_what_a_model_call_really_cost()
    {
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup => setup.Keys["BudgetGuard:EnableRequestLogging"] = "true");
        Assert.Equal(200, await chat.AskAsync());
        string line = Assert.Single(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "RequestDone").Message;
        Assert.EndsWith("operation chat_completion, model cheap, status 200, cost $0.0002", line, StringComparison.Ordinal);
        Assert.Equal(0.0002m, chat.Model.Bill);
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("""{"model":"cheap","model":"exp"}""", 400)]
    public async Task Request_log_has_a_line_for_a_request_that_was_refused_before_it_was_decided(string body, int status)
    {
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup => setup.Keys["BudgetGuard:EnableRequestLogging"] = "true");
        Assert.Equal(status, await chat.AskAsync(body));
        string line = Assert.Single(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "RequestUndecided").Message;
        Assert.Equal($"POST {ChatApp.Chat}: refused, status {status}", line);
    }

    [Fact]
    public async Task Request_log_has_a_line_for_a_request_that_the_guard_could_not_decide()
    {
        FlakyTracker store = new() { Fault = new InvalidOperationException("down") };
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup =>
        {
            setup.Services = store.AddTo;
            setup.Keys["BudgetGuard:EnableRequestLogging"] = "true";
            setup.Keys["BudgetGuard:FailOpen"] = "false";
        });
        Assert.Equal(503, await chat.AskAsync());
        string line = Assert.Single(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "RequestUndecided").Message;
        Assert.Equal($"POST {ChatApp.Chat}: unavailable, status 503", line);
    }

    [Fact]
    public async Task Request_log_tells_the_status_that_an_exception_becomes()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"EnableRequestLogging":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day"}}}""",
            static app => app.MapGet("/api/run", static string () => throw new InvalidOperationException("broken")));
        await Assert.ThrowsAsync<InvalidOperationException>(() => app.GetAsync("/api/run"));
        string line = Assert.Single(app.Logs.GetSnapshot(), static record => record.Id.Name == "RequestDone").Message;
        Assert.EndsWith("status 500, cost $0", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_log_is_off_by_default()
    {
        await using GuardedApp app = await StartAsync("LEADFACTORY_LOG_LEVEL", "TRACE");
        using HttpResponseMessage answer = await app.GetAsync("/api/run");
        Assert.DoesNotContain(app.Logs.GetSnapshot(), static record => record.Id.Name == "RequestDone");
    }

    [Theory]
    [InlineData("GET", "/health", "PathExcluded", "ExcludePaths", "/health")]
    [InlineData("GET", "/api/run", "PathNotIncluded", "IncludeOnlyPaths", "/v1")]
    [InlineData("OPTIONS", "/api/run", "MethodExcluded", "ExcludeMethods", "OPTIONS")]
    [InlineData("GET", "/api/run", "MonitoringOff", "EnableBudgetMonitoring", "false")]
    [InlineData("GET", "/api/free", "DisabledByEndpoint", "DefaultCost", "0.01")]
    public async Task Debug_line_tells_why_a_request_is_not_guarded(string method, string path, string verdict, string key, string value)
    {
        await using GuardedApp app = await StartAsync($"BudgetGuard:{key}", value, LogLevel.Debug);
        using HttpResponseMessage answer = await app.SendAsync(new HttpMethod(method), path);
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal($"{method} {path} is not guarded: {verdict}", Assert.Single(Lines(app)));
    }

    [Fact]
    public async Task Debug_line_tells_how_a_request_is_guarded_and_what_was_decided()
    {
        await using GuardedApp app = await StartAsync("LEADFACTORY_LOG_LEVEL", "DEBUG");
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage answer = await app.GetAsync("/api/run");
        }

        const string Line = "GET /api/run is guarded: user alice, operation report, model , estimate $0.6; decision";
        Assert.Equal($"{Line} allow, budget daily\n{Line} reject, budget daily", string.Join('\n', Lines(app)));
    }

    [Fact]
    public async Task Debug_line_tells_why_a_body_was_refused()
    {
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup => setup.Keys["LEADFACTORY_LOG_LEVEL"] = "DEBUG");
        Assert.Equal(400, await chat.AskAsync("{"));
        Assert.Equal("The request body was refused with 400: The body is not valid JSON.", Assert.Single(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "RequestRefused").Message);
    }

    private static string[] Lines(GuardedApp app) =>
        [.. app.Logs.GetSnapshot().Where(static record => record.Id.Name is "Guarded" or "NotGuarded" && record.Level == LogLevel.Debug).Select(static record => record.Message)];

    /// <summary>The host logs from Information on.</summary>
    private static Task<GuardedApp> StartAsync(string key, string value, LogLevel level = LogLevel.Information) => GuardedApp.StartAsync(
        GuardedApp.OneDollarADay,
        static app =>
        {
            app.Map("/api/run", static () => "done").WithCost(0.60m).WithOperation("report");
            app.Map("/api/free", static () => "done").DisableBudgetGuard();
            app.Map("/health", static () => "ok");
        },
        setup =>
        {
            setup.LogLevel = level;
            setup.Keys[key] = value;
        });
}
