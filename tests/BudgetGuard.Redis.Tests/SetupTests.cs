using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using ConnectionMultiplexer = StackExchange.Redis.ConnectionMultiplexer;

namespace BudgetGuard.Redis.Tests;

/// <summary>What an app does to share its budgets, and what it is told when that cannot be.</summary>
public sealed class SetupTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    [Fact]
    public async Task Apps_on_one_server_share_what_is_spent()
    {
        string tree = RedisFixture.NewTree();
        await using WebApplication one = await StartAsync(guard => guard.UseRedis(options => (options.ConnectionString, options.Tree) = (redis.Server.Address, tree)));
        await using WebApplication two = await StartAsync(guard => guard.UseRedis(redis.Server.Address), ("BudgetGuard:Redis:Tree", tree));
        await using WebApplication other = await StartAsync(guard => guard.UseRedis(redis.Server.Address), ("BudgetGuard:Redis:Tree", RedisFixture.NewTree()));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(one));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(two));
        Assert.Equal(HttpStatusCode.PaymentRequired, await AskAsync(one));
        Assert.Equal(HttpStatusCode.PaymentRequired, await AskAsync(two));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(other));
    }

    [Theory]
    [InlineData("BudgetGuard:Redis:Checks", "Maybe", "BudgetGuard:Redis:Checks")]
    [InlineData("BudgetGuard:Redis:Tree", "a{b}", "BudgetGuard:Redis:Tree")]
    [InlineData("BudgetGuard:Redis:Servers", "x", "BudgetGuard:Redis:Servers")]
    [InlineData("BudgetGuard:Redis:ConnectionString", "password=secret-canary", "BudgetGuard:Redis:ConnectionString")]
    [InlineData("BudgetGuard:Budgets:own:Limit", "9000001", "BudgetGuard:Budgets:own")]
    public async Task What_cannot_be_kept_stops_the_start(string key, string value, string named)
    {
        OptionsValidationException refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(
            () => StartAsync(static guard => guard.UseRedis(), (key, value)));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-canary", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_does_not_answer_stops_the_start_and_is_named_without_its_password()
    {
        IOException refused = await Assert.ThrowsAsync<IOException>(
            () => StartAsync(static guard => guard.UseRedis("127.0.0.1:1,password=secret-canary,connectTimeout=200,connectRetry=1")));
        Assert.Contains("127.0.0.1:1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("BudgetGuard:Redis:ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",password=wrong-canary")]
    public async Task Server_that_refuses_the_password_stops_the_start_and_says_so(string password)
    {
        await using RedisServer closed = await RedisServer.StartAsync();
        await using ConnectionMultiplexer administrator = await closed.ConnectAsync();
        await administrator.GetDatabase().ExecuteAsync("CONFIG", "SET", "requirepass", "right-canary");
        IOException refused = await Assert.ThrowsAsync<IOException>(() => StartAsync(guard => guard.UseRedis($"{closed.Address}{password},connectRetry=1")));
        Assert.Contains("refuses the user or the password", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_may_lose_money_are_told_or_stop_the_start()
    {
        await using RedisServer bounded = await RedisServer.StartAsync("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
        var log = new FakeLogCollector();
        await using (await StartAsync(guard => guard.UseRedis(bounded.Address), log))
        {
            Assert.Equal(2, log.GetSnapshot().Count(static entry => entry.Id.Id == 631));
            Assert.Contains(log.GetSnapshot(), static entry => entry.Id.Id == 630);
        }

        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => StartAsync(guard => guard.UseRedis(bounded.Address), ("BudgetGuard:Redis:Checks", "Error")));
        Assert.Contains("maxmemory-policy", refused.Message, StringComparison.Ordinal);
        Assert.Contains("appendonly", refused.Message, StringComparison.Ordinal);

        await using RedisServer safe = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using WebApplication app = await StartAsync(guard => guard.UseRedis(safe.Address), ("BudgetGuard:Redis:Checks", "Error"));
    }

    [Fact]
    public async Task Health_fails_while_the_server_is_away_and_requests_are_answered_as_they_should()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using WebApplication app = await StartAsync(guard => guard.UseRedis(server.Address), ("BudgetGuard:FailOpen", "false"));
        HealthCheckService health = app.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        await server.KillAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(app));
    }

    [Fact]
    public void Two_stores_are_one_too_many()
    {
        IBudgetGuardBuilder guard = new ServiceCollection().AddBudgetGuard().UseRedis();
        Assert.Throws<InvalidOperationException>(() => BudgetGuard.Configuration.SettingsInputs.Of(guard.Services).UseStore("Sqlite"));
    }

    [Fact]
    public void Keys_of_the_section_are_those_of_the_options_and_of_the_schema()
    {
        string[] properties = [.. typeof(RedisStoreOptions).GetProperties().Select(static property => property.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(properties, RedisSetup.Keys.Select(static key => key.Name).Order(StringComparer.Ordinal));
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "BudgetGuard.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "src", "BudgetGuard", "ConfigurationSchema.json")));
        JsonElement section = schema.RootElement.GetProperty("properties").GetProperty("BudgetGuard").GetProperty("properties").GetProperty("Redis").GetProperty("properties");
        Assert.Equal(properties, section.EnumerateObject().Select(static property => property.Name).Order(StringComparer.Ordinal));
        var defaults = new RedisStoreOptions();
        Assert.Equal(defaults.ConnectionString, section.GetProperty("ConnectionString").GetProperty("default").GetString());
        Assert.Equal(defaults.Tree, section.GetProperty("Tree").GetProperty("default").GetString());
        Assert.Equal(defaults.Leases, section.GetProperty("Leases").GetProperty("default").GetBoolean());
        Assert.Equal(defaults.Checks.ToString(), section.GetProperty("Checks").GetProperty("default").GetString());
    }

    private static async Task<HttpStatusCode> AskAsync(WebApplication app)
    {
        using HttpClient client = ((TestServer)app.Services.GetRequiredService<IServer>()).CreateClient();
        using HttpRequestMessage request = new(HttpMethod.Get, "/ask");
        request.Headers.Add("X-User-ID", "ann");
        using HttpResponseMessage answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private static Task<WebApplication> StartAsync(Action<IBudgetGuardBuilder> use, params (string Key, string Value)[] settings) => StartAsync(use, null, settings);

    private static async Task<WebApplication> StartAsync(Action<IBudgetGuardBuilder> use, FakeLogCollector? log, params (string Key, string Value)[] settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(new FakeLoggerProvider(log));
        }

        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["BudgetGuard:DefaultCost"] = "0.4",
            ["BudgetGuard:Budgets:own:Limit"] = "1",
            ["BudgetGuard:Budgets:own:Period"] = "Total",
            ["BudgetGuard:Budgets:own:Per"] = "User",
            ["BudgetGuard:Budgets:own:OnExceeded"] = "Reject",
            ["BudgetGuard:StoreTimeout"] = "5s",
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(static pair => pair.Key, static pair => (string?)pair.Value));
        builder.Services.AddHealthChecks().AddBudgetGuard();
        use(builder.Services.AddBudgetGuard());
        WebApplication app = builder.Build();
        app.UseBudgetGuard();
        app.MapGet("/ask", static () => "yes");
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return app;
    }
}
