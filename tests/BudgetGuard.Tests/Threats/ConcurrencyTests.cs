using System.Net;
using System.Threading.Channels;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>Many requests at once on real connections: limits hold exactly, slots come back however a request ends, and nothing waits for ever.</summary>
public sealed class ConcurrencyTests
{
    private const int Parallel = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Requests that have left the guard, and requests that have reached what costs.
    private readonly Channel<string> _done = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _entered = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static bool IsFull { get; } = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1";

    [Theory]
    [InlineData("\"Requests\":10,\"Period\":\"Day\"")]
    [InlineData("\"Tokens\":1000,\"Period\":\"Day\"")]
    [InlineData("\"Tokens\":1099,\"Rolling\":\"01:00:00\"")]
    public async Task T116_Exactly_ten_of_two_hundred_parallel_requests_fit_in_requests_and_in_tokens(string budget)
    {
        await using GuardedApp app = await StartAsync($$"""{ "Budgets": { "ten": { {{budget}}, "Per": ["User"] } } }""");
        for (int round = 0; round < (IsFull ? 20 : 4); round++)
        {
            string user = $"user{round}";
            int[] statuses = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => StatusAsync(app, "/api/work", user)));
            Assert.Equal(10, statuses.Count(status => status == 200));
            Assert.All(statuses.Where(status => status != 200), status => Assert.True(status is 402 or 429));
            BudgetBalance balance = await app.BalanceAsync(user, "ten");
            Assert.Equal((balance.Unit == BudgetUnit.Requests ? 10m : 1_000m, 0m), (balance.Settled, balance.Held));
        }
    }

    [Fact]
    public async Task T116_Exactly_ten_of_two_hundred_parallel_requests_run_at_one_time()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"slots":{"Concurrency":10,"Per":["User"]}}}""");
        Task<int>[] asking = [.. Enumerable.Range(0, Parallel).Select(_ => StatusAsync(app, "/api/wait"))];
        int refused = 0;
        await foreach (Task<int> answered in Task.WhenEach(asking))
        {
            Assert.Equal(429, await answered);
            if (++refused == Parallel - 10)
            {
                break;
            }
        }

        Assert.Equal(10m, (await app.BalanceAsync(budget: "slots")).Held);
        _gate.SetResult();
        int[] statuses = await Task.WhenAll(asking).WaitAsync(Patience);
        Assert.Equal(10, statuses.Count(status => status == 200));
        await NextAsync(_done, Parallel);
        Assert.Equal(0m, (await app.BalanceAsync(budget: "slots")).Held);
    }

    [Theory]
    [InlineData("/api/work", 200)]
    [InlineData("/api/throw", 500)]
    [InlineData("/api/half", 0)]
    [InlineData("/api/abort", 0)]
    [InlineData("/api/wait", -1)]
    public async Task A_slot_is_free_again_however_its_request_ends(string path, int status)
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"slots":{"Concurrency":1,"Per":["User"]}}}""");
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(status, status < 0 ? await LeaveAsync(app, path) : await StatusAsync(app, path));
            await NextAsync(_done);
            Assert.Equal(0m, (await app.BalanceAsync(budget: "slots")).Held);
        }

        Task<int> holder = StatusAsync(app, "/api/wait");
        await NextAsync(_entered);
        Assert.Equal(429, await StatusAsync(app, "/api/work"));
        _gate.SetResult();
        Assert.Equal(200, await holder);
    }

    [Fact]
    public async Task T118_Of_fifty_parallel_first_requests_of_a_user_with_one_call_one_passes()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"one":{"Requests":1,"Period":"Day","Per":["User"]}}}""");
        for (int round = 0; round < (IsFull ? 100 : 20); round++)
        {
            string user = $"new{round}";
            int[] statuses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => StatusAsync(app, "/api/work", user)));
            Assert.Single(statuses, status => status == 200);
            Assert.Equal(49, statuses.Count(status => status == 429));
        }
    }

    [Fact]
    public async Task T120_Requests_in_crossed_scopes_never_wait_for_each_other()
    {
        int each = IsFull ? 2_500 : 500;
        await using GuardedApp app = await StartAsync(
            """
            {"Budgets":{
                "a":{"Limit":1000,"Period":"Day","Per":["User"]},
                "m":{"Requests":100000,"Period":"Hour","Per":["Team","User"]},
                "z":{"Limit":1000,"Period":"Month","Per":["Team"]},
                "slots":{"Concurrency":1000}}}
            """,
            static guard => guard.UseUserExtractor(static context =>
                context.Request.Headers["X-User-ID"].ToString().Split('/') is [string user, string team] ? new BudgetSubject(user) { Team = team } : null));
        string[] subjects = ["alice/red", "bob/blue", "alice/blue", "bob/red", "red/alice", "blue/bob", "red/bob", "blue/alice"];
        await Task.WhenAll(subjects.Select(async subject =>
        {
            for (int i = 0; i < each; i++)
            {
                Assert.Equal(200, await StatusAsync(app, "/api/work", subject));
            }
        })).WaitAsync(Patience);
        foreach (string user in (string[])["alice", "bob", "red", "blue"])
        {
            IReadOnlyList<BudgetBalance> balances = await app.Guard.ReadAsync(new BudgetRequest { Subject = new BudgetSubject(user) { Team = user } });
            Assert.Equal([("a", each * 0.02m, 0m), ("m", 0m, 0m), ("slots", 0m, 0m), ("z", each * 0.02m, 0m)], balances.Select(b => (b.Budget, b.Settled, b.Held)));
        }
    }

    [Fact]
    public async Task T105_After_quiet_time_nothing_is_held_and_what_was_spent_is_settled()
    {
        await using GuardedApp app = await StartAsync(
            """{"Budgets":{"daily":{"Limit":1000,"Period":"Day"},"calls":{"Requests":100000,"Period":"Day"},"slots":{"Concurrency":1000}}}""");
        const int Rounds = 20;
        for (int i = 0; i < Rounds; i++)
        {
            BudgetLease forgotten = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.50m });
            Assert.True(forgotten.IsAllowed);
            Task<int> left = LeaveAsync(app, "/api/wait");
            await Task.WhenAll(
                StatusAsync(app, "/api/work"), StatusAsync(app, "/api/throw"), StatusAsync(app, "/api/half"), StatusAsync(app, "/api/abort"), left);
        }

        await NextAsync(_done, Rounds * 5);
        Assert.Equal(Rounds * 0.50m, (await app.BalanceAsync()).Held);
        app.Time.Advance(TimeSpan.FromMinutes(20));
        BudgetBalance daily = await app.BalanceAsync();

        // Forgotten ones, those that answered, those whose client left and those that cut their answer are paid for; what threw before it answered is not.
        Assert.Equal((Rounds * (0.50m + (4 * 0.01m)), 0m), (daily.Settled, daily.Held));
        Assert.Equal(0m, (await app.BalanceAsync(budget: "slots")).Held);
        BudgetBalance calls = await app.BalanceAsync(budget: "calls");
        Assert.Equal((Rounds * 6m, 0m), (calls.Settled, calls.Held));
    }

    [Fact]
    public async Task T122_Who_holds_all_of_a_share_leaves_the_others_theirs()
    {
        await using GuardedApp app = await StartAsync(
            """{"Budgets":{"mine":{"Limit":1,"Period":"Day","Per":["User"]},"team":{"Limit":5,"Period":"Day"}}}""", PricedWork.Estimate);
        Assert.Equal(402, await StatusAsync(app, "/api/work?usd=5"));
        Task<int> hogging = StatusAsync(app, "/api/wait?usd=1");
        await NextAsync(_entered);
        Assert.Equal(429, await StatusAsync(app, "/api/work?usd=0.01"));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(200, await StatusAsync(app, "/api/work?usd=1", $"user{i}"));
        }

        Assert.Equal(429, await StatusAsync(app, "/api/work?usd=1", "late"));
        _gate.SetResult();
        Assert.Equal(200, await hogging);
        Assert.Equal(402, await StatusAsync(app, "/api/work?usd=1", "late"));
    }

    [Fact]
    public async Task T122_Money_that_one_only_holds_is_not_gone_for_the_others_and_comes_back_by_itself()
    {
        await using GuardedApp app = await StartAsync(
            """{"ExpiredHolds":"Release","Budgets":{"team":{"Limit":5,"Period":"Day"}}}""", PricedWork.Estimate);
        using (HttpResponseMessage oversize = await app.GetAsync("/api/work?usd=5.01"))
        {
            Assert.Equal(HttpStatusCode.PaymentRequired, oversize.StatusCode);
            Assert.Contains("\"reason\":\"request_exceeds_limit\"", await oversize.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        BudgetLease hogging = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 5m });
        Assert.True(hogging.IsAllowed);
        using (HttpResponseMessage waiting = await app.GetAsync("/api/work?usd=0.01", "bob"))
        {
            Assert.Equal((HttpStatusCode.TooManyRequests, "1"), (waiting.StatusCode, waiting.Headers.GetValues("Retry-After").Single()));
        }

        app.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(200, await StatusAsync(app, "/api/work?usd=5", "bob"));
    }

    private async Task<GuardedApp> StartAsync(string section, Action<IBudgetGuardBuilder>? guard = null) => await GuardedApp.StartAsync(section, new GuardedAppSetup
    {
        UseKestrel = true,
        Guard = guard ?? (static guard => guard.Services.AddSingleton<ICostEstimator, FlatEstimator>()),
        Pipeline = app =>
        {
            app.Use(async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                finally
                {
                    _done.Writer.TryWrite(context.Request.Path);
                }
            });
            app.UseBudgetGuard();
            app.MapGet("/api/work", static () => "done");
            app.MapGet("/api/throw", IResult () => throw new InvalidOperationException("broken"));
            app.MapGet("/api/half", static async context =>
            {
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("half");
                await context.Response.Body.FlushAsync();
                throw new InvalidOperationException("broken");
            });
            app.MapGet("/api/abort", static context =>
            {
                context.Abort();
                return Task.CompletedTask;
            });
            app.MapGet("/api/wait", async context =>
            {
                _entered.Writer.TryWrite(context.Request.Path);
                await _gate.Task.WaitAsync(context.RequestAborted);
                await context.Response.WriteAsync("done");
            });
        },
    });

    /// <summary>The status; 0 where the connection broke.</summary>
    private static async Task<int> StatusAsync(GuardedApp app, string path, string user = "alice")
    {
        try
        {
            using HttpResponseMessage answer = await app.GetAsync(path, user);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    /// <summary>Asks, and leaves once the request has reached what costs.</summary>
    private async Task<int> LeaveAsync(GuardedApp app, string path)
    {
        using CancellationTokenSource leaving = new();
        using HttpRequestMessage request = new(HttpMethod.Get, path) { Headers = { { "X-User-ID", "alice" } } };
        Task<HttpResponseMessage> asking = app.Client.SendAsync(request, leaving.Token);
        await NextAsync(_entered);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        return -1;
    }

    private static async Task<string> NextAsync(Channel<string> channel, int count = 1)
    {
        using CancellationTokenSource patience = new(Patience);
        string path = string.Empty;
        for (int i = 0; i < count; i++)
        {
            path = await channel.Reader.ReadAsync(patience.Token);
        }

        return path;
    }

    /// <summary>A cent and a hundred tokens for everything.</summary>
    private sealed class FlatEstimator : ICostEstimator
    {
        public ValueTask<CostEstimate?> EstimateAsync(BudgetRequest request, HttpContext context, CancellationToken cancellationToken) =>
            new(new CostEstimate(0.01m, 100));
    }
}
