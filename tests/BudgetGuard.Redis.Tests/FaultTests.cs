using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using IServer = Microsoft.AspNetCore.Hosting.Server.IServer;

namespace BudgetGuard.Redis.Tests;

/// <summary>What becomes of requests and of money while Redis is away, and once it is back: the table of docs/stores/redis.md.</summary>
public sealed class FaultTests
{
    // $0.40 in nano-dollars: what a request costs.
    private const long Cost = 400_000_000;

    private static readonly TimeSpan StoreTimeout = TimeSpan.FromMilliseconds(250);

    // Where it is not the time that is tested, a busy machine has as much as it takes.
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("killed")]
    [InlineData("frozen")]
    [InlineData("replies dropped")]
    [InlineData("refused")]
    public async Task Requests_are_answered_in_time_and_money_that_was_uncounted_is_not_held(string fault)
    {
        foreach (bool isOpen in (bool[])[true, false])
        {
            await using Stage stage = await Stage.StartAsync(isOpen, StoreTimeout);
            long counted = await stage.CountedAsync();
            await stage.BreakAsync(fault);
            List<TimeSpan> took = [];
            for (int round = 0; round < 5 && (took.Count == 0 || took[2] > StoreTimeout + TimeSpan.FromMilliseconds(50)); round++)
            {
                // The median of the best round: what a busy machine adds says nothing of the store. Between rounds the breaker closes.
                await Task.Delay(round == 0 ? 0 : 1_100);
                took.Clear();
                for (int i = 0; i < 5; i++)
                {
                    long started = Stopwatch.GetTimestamp();
                    Assert.Equal(isOpen ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, await stage.AskAsync());
                    took.Add(Stopwatch.GetElapsedTime(started));
                }

                took.Sort();
            }

            Assert.True(took[2] <= StoreTimeout + TimeSpan.FromMilliseconds(50), $"{fault}: {string.Join(", ", took.Select(static one => one.TotalMilliseconds))} ms");
            await stage.HealAsync(fault);
            await stage.SettledAsync(counted);
        }
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("frozen")]
    [InlineData("replies dropped")]
    [InlineData("refused")]
    public async Task A_settlement_that_Redis_could_not_be_told_counts_once_when_it_is_back(string fault)
    {
        await using Stage stage = await Stage.StartAsync(isOpen: false);
        await stage.AskAsync();
        stage.InRequest = () => stage.BreakAsync(fault);
        long started = Stopwatch.GetTimestamp();
        Assert.Equal(HttpStatusCode.OK, await stage.AskAsync());
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Assert.True(took < TimeSpan.FromSeconds(10), $"{fault}: {took}");
        stage.InRequest = static () => Task.CompletedTask;
        await stage.HealAsync(fault);
        await stage.SettledAsync(2 * Cost);
        Assert.Equal(HttpStatusCode.OK, await stage.AskAsync());
        await stage.SettledAsync(3 * Cost);
    }

    [Theory]
    [InlineData("flushed")]
    [InlineData("restarted empty")]
    [InlineData("replica promoted")]
    public async Task What_Redis_lost_it_is_told_again_and_counts_once(string loss)
    {
        await using Stage stage = await Stage.StartAsync(isOpen: false);
        await stage.PulsedAsync();
        if (loss == "replica promoted")
        {
            await stage.FollowAsync();
        }

        await stage.AskAsync();
        stage.InRequest = async () =>
        {
            await stage.LoseAsync(loss);
            await stage.ToldAgainAsync();
        };
        Assert.Equal(HttpStatusCode.OK, await stage.AskAsync());
        stage.InRequest = static () => Task.CompletedTask;

        // One was settled before the loss, one was open in it; both are known to the node that had them.
        await stage.SettledAsync(2 * Cost);
    }

    [Fact]
    public async Task Scripts_that_the_server_forgot_are_sent_anew()
    {
        await using Stage stage = await Stage.StartAsync(isOpen: false);
        await stage.AskAsync();
        await using (ConnectionMultiplexer admin = await stage.Server.ConnectAsync())
        {
            await admin.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH");
        }

        Assert.Equal(HttpStatusCode.OK, await stage.AskAsync());
        await stage.SettledAsync(2 * Cost);
    }

    [Fact]
    public async Task A_node_that_ends_tells_what_it_still_has_to()
    {
        Stage stage = await Stage.StartAsync(isOpen: false);
        await using RedisServer server = stage.Server;
        await stage.AskAsync();
        stage.InRequest = () => stage.BreakAsync("replies dropped");
        await stage.AskAsync();
        await stage.HealAsync("replies dropped");
        await stage.StopAppAsync();
        await using Node other = await Node.StartAsync(server.Address, tree: "main");
        Assert.Equal(2 * Cost, (await other.Tracker.ReadAsync(Stage.Ann, default)).Settled);
        await stage.DisposeAsync();
    }

    /// <summary>An app before a Redis that can be broken, with one budget.</summary>
    private sealed class Stage : IAsyncDisposable
    {
        public static readonly Account Ann = new(
            new BudgetTerms { Name = "own", Unit = BudgetUnit.Usd, Window = WindowSpec.Total, Per = ["User"] }, ["ann"], 100_000_000_000);

        private readonly FaultProxy _proxy;
        private readonly WebApplication _app;
        private RedisServer? _replica;
        private bool _isStopped;

        private Stage(RedisServer server, FaultProxy proxy, WebApplication app)
        {
            (Server, _proxy, _app) = (server, proxy, app);
        }

        public RedisServer Server { get; }

        public Func<Task> InRequest { get; set; } = static () => Task.CompletedTask;

        private RedisCostTracker Tracker => (RedisCostTracker)_app.Services.GetRequiredService<ICostTracker>();

        public static async Task<Stage> StartAsync(bool isOpen, TimeSpan? storeTimeout = null)
        {
            RedisServer server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
            var proxy = new FaultProxy(server.Port);
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseTestServer();
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["BudgetGuard:DefaultCost"] = "0.4",
                ["BudgetGuard:FailOpen"] = isOpen ? "true" : "false",
                ["BudgetGuard:StoreTimeout"] = (storeTimeout ?? Enough).ToString("c"),
                ["BudgetGuard:Budgets:own:Limit"] = "100",
                ["BudgetGuard:Budgets:own:Period"] = "Total",
                ["BudgetGuard:Budgets:own:Per"] = "User",
            });
            builder.Services.AddBudgetGuard().UseRedis($"{proxy.Address},connectTimeout=1000,syncTimeout=1000");
            WebApplication app = builder.Build();
            var stage = new Stage(server, proxy, app);
            app.UseBudgetGuard();
            app.MapGet("/ask", async () =>
            {
                await stage.InRequest();
                return "yes";
            });
            await app.StartAsync();
            return stage;
        }

        public async Task<HttpStatusCode> AskAsync()
        {
            using HttpClient client = ((TestServer)_app.Services.GetRequiredService<IServer>()).CreateClient();
            using HttpRequestMessage request = new(HttpMethod.Get, "/ask");
            request.Headers.Add("X-User-ID", "ann");
            using HttpResponseMessage answer = await client.SendAsync(request);
            return answer.StatusCode;
        }

        /// <summary>Asks until a request was counted: the first may take longer than is waited for a store.</summary>
        public async Task<long> CountedAsync()
        {
            AccountState state = default;
            await EventuallyAsync(async () =>
            {
                await AskAsync();
                try
                {
                    state = await Tracker.ReadAsync(Ann, default);
                    return state is { Settled: > 0, Held: 0 } && Tracker.Waiting == 0;
                }
                catch (RedisUnavailableException)
                {
                    return false;
                }
            });
            return state.Settled;
        }

        public async Task BreakAsync(string fault)
        {
            switch (fault)
            {
                case "killed":
                    await Server.KillAsync();
                    break;
                case "frozen":
                    Server.Freeze();
                    break;
                case "replies dropped":
                    _proxy.DropsReplies = true;
                    break;
                default:
                    _proxy.Refuses = true;
                    break;
            }
        }

        public async Task HealAsync(string fault)
        {
            switch (fault)
            {
                case "killed":
                    await Server.RestartAsync();
                    break;
                case "frozen":
                    Server.Thaw();
                    break;
                case "replies dropped":
                    _proxy.DropsReplies = false;

                    // What was dropped never comes: the connection is of no use any more.
                    _proxy.SwitchTo(Server.Port);
                    break;
                default:
                    _proxy.Refuses = false;
                    break;
            }
        }

        /// <summary>A replica that has what was written so far, and nothing that comes after.</summary>
        public async Task FollowAsync()
        {
            _replica = await RedisServer.StartAsync();
            await using ConnectionMultiplexer connection = await _replica.ConnectAsync();
            await connection.GetDatabase().ExecuteAsync("REPLICAOF", "127.0.0.1", Server.Port);
            await EventuallyAsync(async () => ((string?)await connection.GetDatabase().ExecuteAsync("INFO", "replication"))!.Contains("master_link_status:up", StringComparison.Ordinal));
            await connection.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
        }

        public async Task LoseAsync(string loss)
        {
            switch (loss)
            {
                case "flushed":
                    await using (ConnectionMultiplexer connection = await Server.ConnectAsync())
                    {
                        await connection.GetDatabase().ExecuteAsync("FLUSHALL");
                    }

                    break;
                case "restarted empty":
                    await Server.KillAsync();
                    Server.EmptyDisk();
                    await Server.RestartAsync();
                    break;
                default:
                    _proxy.SwitchTo(_replica!.Port);
                    break;
            }
        }

        /// <summary>Waits until the node has looked at the server at least once.</summary>
        public Task PulsedAsync() => EventuallyAsync(() => Task.FromResult(Tracker.Pulses > 0));

        public async Task ToldAgainAsync()
        {
            long before = Tracker.Losses;
            await EventuallyAsync(() => Task.FromResult(Tracker.Losses > before));
        }

        /// <summary>Waits until all is told; then so much is settled, nothing is held, and it stays so.</summary>
        public async Task SettledAsync(long nanos)
        {
            AccountState state = default;
            await EventuallyAsync(async () =>
            {
                try
                {
                    state = await Tracker.ReadAsync(Ann, default);
                    return Tracker.Waiting == 0 && state.Held == 0 && state.Settled >= nanos;
                }
                catch (RedisUnavailableException)
                {
                    return false;
                }
            });
            Assert.Equal((nanos, 0L), (state.Settled, state.Held));
        }

        public async Task StopAppAsync()
        {
            _isStopped = true;
            await _app.DisposeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (!_isStopped)
            {
                await _app.DisposeAsync();
            }

            await _proxy.DisposeAsync();
            await Server.DisposeAsync();
            if (_replica is not null)
            {
                await _replica.DisposeAsync();
            }
        }

        private static async Task EventuallyAsync(Func<Task<bool>> isTrue)
        {
            long started = Stopwatch.GetTimestamp();
            while (!await isTrue())
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < Patience, "What was waited for does not come.");
                await Task.Delay(20);
            }
        }
    }
}
