using System.Globalization;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Responses;

/// <summary>Retry-After is honest: a second before it the request is denied, at it the same request is admitted.</summary>
public sealed class RetryAfterTests
{
    private const string Minute = """{"Limit":0.10,"Period":"Minute","OnExceeded":"Throttle"}""";
    private const string BerlinDay = """{"Limit":0.10,"Period":"Day","TimeZone":"Europe/Berlin","OnExceeded":"Throttle"}""";
    private const string Rolling = """{"Limit":0.10,"Rolling":"00:10:00","Per":["User"],"OnExceeded":"Throttle"}""";
    private const string RequestsMinute = """{"Requests":3,"Period":"Minute","Per":["User"]}""";
    private const string RequestsRolling = """{"Requests":3,"Rolling":"00:01:00","Per":["User"]}""";
    private const string Month = """{"Limit":0.10,"Period":"Month","TimeZone":"America/New_York","OnExceeded":"Throttle"}""";

    public static TheoryData<string, bool> Windows()
    {
        TheoryData<string, bool> all = [];
        foreach (string budget in (string[])[Minute, BerlinDay, Rolling, RequestsMinute, RequestsRolling, Month])
        {
            all.Add(budget, true);
            all.Add(budget, false);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task Retry_is_the_first_second_at_which_the_request_is_admitted(string budget, bool cacheDecisions)
    {
        await using GuardedApp app = await StartAsync($$"""{"Budgets":{"one":{{budget}} } }""", cacheDecisions);

        // Never on a whole second: what is told is rounded up.
        app.Time.Advance(TimeSpan.FromMilliseconds(1_234));
        Told told;
        int admitted = 0;
        while ((told = await AskAsync(app, 0.04m)).Status == 200)
        {
            admitted++;
            app.Time.Advance(TimeSpan.FromMilliseconds(2_777));
        }

        Assert.InRange(admitted, 2, 3);
        await AssertHonestAsync(app, told, 0.04m);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Retry_is_honest_for_several_budgets_at_once_whatever_was_spent_when(int seed)
    {
        await using GuardedApp app = await StartAsync(
            $$"""{"Budgets":{"a":{{Minute}},"b":{{Rolling}},"c":{{RequestsRolling}},"d":{"Limit":0.30,"Period":"Hour"} } }""", cacheDecisions: true);
        Random random = new(seed);
        int denials = 0;
        for (int i = 0; i < 150; i++)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 20_000)));
            decimal cost = random.Next(1, 100) / 1_000m;
            Told told = await AskAsync(app, cost);
            if (told.Status != 200)
            {
                denials++;
                await AssertHonestAsync(app, told, cost);
            }
        }

        Assert.InRange(denials, 10, 150);
    }

    [Fact]
    public async Task What_others_hold_is_worth_another_try_in_a_second()
    {
        await using GuardedApp app = await StartAsync(GuardedApp.OneDollarADay, cacheDecisions: true);
        BudgetLease other = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.60m });
        Told told = await AskAsync(app, 0.60m);
        Assert.Equal((429, "1", "throttle"), (told.Status, told["Retry-After"], (string?)told.Json["decision"]));

        other.ReportCost(0);
        await other.DisposeAsync();
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await AskAsync(app, 0.60m)).Status);
    }

    [Fact]
    public async Task Request_in_flight_too_many_is_worth_another_try_in_a_second()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"flying":{"Concurrency":1}}}""", cacheDecisions: true);
        BudgetLease other = await app.Guard.BeginAsync(new BudgetRequest { Subject = "bob" });
        Told told = await AskAsync(app, 0.01m);
        Assert.Equal((429, "1", "flying"), (told.Status, told["Retry-After"], (string?)told.Json["budget"]));
        Assert.Null(told.Json["resets_at"]);

        await other.DisposeAsync();
        Assert.Equal(200, (await AskAsync(app, 0.01m)).Status);
    }

    private static async Task AssertHonestAsync(GuardedApp app, Told told, decimal cost)
    {
        Assert.Equal(429, told.Status);
        int seconds = told.RetryAfter!.Value;
        Assert.Equal(seconds, (int?)told.Json["retry_after"]);

        app.Time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Told still = await AskAsync(app, cost);
        Assert.Equal((429, 1), (still.Status, still.RetryAfter));

        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await AskAsync(app, cost)).Status);
    }

    private static async Task<Told> AskAsync(GuardedApp app, decimal cost)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/run")
        {
            Headers = { { "X-User-ID", "alice" }, { "X-Cost", cost.ToString(CultureInfo.InvariantCulture) } },
        };
        return await Told.ReadAsync(app.Client.SendAsync(request));
    }

    private static Task<GuardedApp> StartAsync(string section, bool cacheDecisions) =>
        GuardedApp.StartAsync(section, static app => app.MapPost("/api/run", static () => "done"), setup =>
        {
            setup.Configure = options => options.CacheDecisions = cacheDecisions;
            setup.Guard = static guard => guard.UseCostEstimator(static context => decimal.Parse(context.Request.Headers["X-Cost"]!, CultureInfo.InvariantCulture));
        });
}
