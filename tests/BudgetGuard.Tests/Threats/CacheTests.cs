using BudgetGuard.Policy;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>Keys and the decision cache: nobody shares another's decision, and nothing old is served.</summary>
public sealed class CacheTests
{
    private const string HourOfCache = """{"CacheTtlSeconds":3600,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    [Fact]
    public async Task T45_Delimiters_in_names_never_join_two_accounts()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1000,"Period":"Day","Per":["User","Model","Operation"]}}}""", static _ => { });
        var random = new Random(45);
        var spent = new Dictionary<(string User, string Model, string Operation), decimal>();
        for (int i = 0; i < 3_000; i++)
        {
            (string, string, string) key = (Name(random), Name(random), Name(random));
            decimal cost = random.Next(1, 100) / 100_000m;
            await using (BudgetLease lease = await app.Guard.BeginAsync(RequestOf(key, cost)))
            {
                lease.ReportCost(cost);
            }

            spent[key] = spent.GetValueOrDefault(key) + cost;
        }

        Assert.True(spent.Count > 1_000);
        foreach ((var key, decimal cost) in spent)
        {
            BudgetBalance balance = Assert.Single(await app.Guard.ReadAsync(RequestOf(key, 0)));
            Assert.Equal((cost, 0m), (balance.Settled, balance.Held));
        }
    }

    [Theory]
    [InlineData("a:b", "c", "a", "b:c")]
    [InlineData("a|b", "c", "a", "b|c")]
    [InlineData("a/b", "c", "a", "b/c")]
    [InlineData("a#b", "c", "a", "b#c")]
    [InlineData("a}b{c", "d", "a", "b{c}d")]
    [InlineData("a,b", "", "a", "b,")]
    public async Task T45_Delimiters_in_headers_never_join_two_accounts(string user, string model, string otherUser, string otherModel)
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User","Model"]}}}""", app => app.MapPost("/api", () => "done").WithCost(0.60m));
        Assert.Equal(200, await SendAsync(app, user, model));
        Assert.Equal(402, await SendAsync(app, user, model));
        Assert.Equal(200, await SendAsync(app, otherUser, otherModel));

        static async Task<int> SendAsync(GuardedApp app, string user, string model)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api");
            request.Headers.TryAddWithoutValidation("X-User-ID", user);
            request.Headers.TryAddWithoutValidation("X-Model", model);
            using HttpResponseMessage answer = await app.Client.SendAsync(request);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task T47_Allow_is_never_served_from_the_cache()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        Assert.Equal(200, await chat.AskAsync());
        decimal settled = (await chat.App.BalanceAsync()).Settled;
        await chat.App.SpendAsync(1.00m - settled);
        Assert.Equal(402, await chat.AskAsync());
        Assert.Equal(1, chat.Arrivals);
        await chat.AssertBooksAsync();
    }

    [Fact]
    public async Task T48_Raised_limit_ends_a_remembered_denial_at_once()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        await chat.App.SpendAsync(1.00m);
        Assert.Equal(402, await chat.AskAsync());
        chat.Reconfigure("BudgetGuard:Budgets:daily:Limit", "2.00");
        Assert.Equal(200, await chat.AskAsync());
        await chat.AssertBooksAsync(before: 1.00m);
    }

    [Fact]
    public async Task T48_New_window_ends_a_remembered_denial_before_its_time()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        chat.App.Time.Advance(TimeSpan.FromHours(11.9));
        await chat.App.SpendAsync(1.00m);
        Assert.Equal(402, await chat.AskAsync());
        chat.App.Time.Advance(TimeSpan.FromHours(0.1) - TimeSpan.FromTicks(1));
        Assert.Equal(402, await chat.AskAsync());
        chat.App.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(200, await chat.AskAsync());
        await chat.AssertBooksAsync();
    }

    [Fact]
    public async Task T48_Money_freed_by_a_settlement_below_its_hold_is_there_at_once()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        await using (BudgetLease lease = await chat.App.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 1.00m }))
        {
            Assert.Equal(429, await chat.AskAsync());
            Assert.Equal(429, await chat.AskAsync());
            lease.ReportCost(0.10m);
        }

        Assert.Equal(200, await chat.AskAsync());
        await chat.AssertBooksAsync(before: 0.10m);
    }

    [Fact]
    public async Task T48_Money_given_back_after_a_denial_by_a_report_below_the_usage_is_there_at_once()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache, map: app => app.MapPost("/v1/x/chat/completions", async context =>
        {
            await context.Response.WriteAsJsonAsync(new { model = "exp", usage = new { prompt_tokens = 0, completion_tokens = 9_995 } });
            await context.Response.CompleteAsync();
            IBudgetGuard guard = context.RequestServices.GetRequiredService<IBudgetGuard>();
            await using BudgetLease denied = await guard.BeginAsync(
                new BudgetRequest { Subject = "alice", Model = "exp", Operation = "chat_completion", Estimate = 0.01m });
            Assert.Equal(DenialReason.BudgetExceeded, denied.Decision.Denial!.Reason);
            context.GetBudgetGuard()!.ReportCost(0.05m);
        }));
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("exp", 9_995), path: "/v1/x/chat/completions"));
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("exp", 9_000)));
    }

    [Fact]
    public async Task T49_Denial_of_one_user_is_nobody_elses()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        await chat.App.SpendAsync(1.00m, "alice");
        Assert.Equal(402, await chat.AskAsync(user: "alice"));
        Assert.Equal(200, await chat.AskAsync(user: "bob"));
        Assert.Equal(402, await chat.AskAsync(user: "alice"));
        await chat.App.SpendAsync(0.9998m, "bob");
        Assert.Equal(402, await chat.AskAsync(user: "bob"));
        Assert.Equal(200, await chat.AskAsync(user: "Alice"));
        Assert.Equal(2, chat.Arrivals);
        Assert.Equal(1.00m, (await chat.App.BalanceAsync("alice")).Settled);
    }

    [Fact]
    public async Task T49_Keys_that_share_a_place_in_the_cache_are_charged_apart()
    {
        // Of equal length and with the same middle and end: the quick hash takes them for one.
        string[] models = ["aaXbb", "ccXdb", "eeXfb"];
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["Model"]}}}""", app => app.MapPost("/api", () => "done").WithCost(0.10m),
            static setup => setup.Guard = static guard => guard.UseModelExtractor(static context => context.Request.Headers["X-Model"].ToString()));
        for (int i = 0; i < 12; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api");
            request.Headers.Add("X-User-ID", "alice");
            request.Headers.Add("X-Model", models[i / 2 % models.Length]);
            using HttpResponseMessage answer = await app.Client.SendAsync(request);
            Assert.Equal(200, (int)answer.StatusCode);
        }

        foreach (string model in models)
        {
            Assert.Equal(0.40m, Assert.Single(await app.Guard.ReadAsync(new BudgetRequest { Subject = "alice", Model = model })).Settled);
        }
    }

    [Fact]
    public async Task T48_Lowered_limit_meets_who_was_just_allowed()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, await chat.AskAsync());
        }

        chat.Reconfigure("BudgetGuard:Budgets:daily:Limit", "0.0007");
        Assert.Equal(402, await chat.AskAsync());
        Assert.Equal(3, chat.Arrivals);
    }

    [Fact]
    public async Task T50_Cheap_decision_is_not_reused_for_an_expensive_call_nor_the_reverse()
    {
        await using ChatApp chat = await ChatApp.StartAsync(HourOfCache);
        await chat.App.SpendAsync(0.99m);
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("exp", 60)));
        Assert.Equal(402, await chat.AskAsync(ChatApp.Body("exp", 10_000)));
        Assert.Equal(402, await chat.AskAsync(ChatApp.Body("exp", 10_000)));
        Assert.Equal(200, await chat.AskAsync(ChatApp.Body("exp", 20)));
        Assert.Equal(2, chat.Arrivals);
        await chat.AssertBooksAsync(before: 0.99m);
    }

    [Theory]
    [InlineData(true, 200)]
    [InlineData(false, 503)]
    public async Task T51_Outcome_of_an_outage_is_not_remembered(bool open, int status)
    {
        var store = new FlakyTracker();
        await using ChatApp chat = await ChatApp.StartAsync(
            HourOfCache,
            configure: setup =>
            {
                setup.Keys["BudgetGuard:FailOpen"] = open.ToString();
                setup.Services = store.AddTo;
            });
        await chat.App.SpendAsync(1.00m);
        store.Fault = new InvalidOperationException("down");
        Assert.Equal(status, await chat.AskAsync(user: "alice"));
        Assert.Equal(status, await chat.AskAsync(user: "bob"));
        store.Fault = null;
        Assert.Equal(402, await chat.AskAsync(user: "alice"));
        Assert.Equal(200, await chat.AskAsync(user: "bob"));
        Assert.Equal(0m, (await chat.App.BalanceAsync("bob")).Held);
    }

    [Fact]
    public async Task T52_Cache_is_bounded_whoever_asks()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, static _ => { });
        var policy = (CachedBudgetPolicy)app.Services.GetRequiredService<IBudgetPolicy>();
        for (int i = 0; i < 100_000; i++)
        {
            await using BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = $"user{i}", Estimate = 0.01m });
        }

        Assert.InRange(policy.Count, 1, 65_536);
    }

    [Fact]
    public async Task T52_Parallel_misses_match_once()
    {
        var catalog = new CountingCatalog();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, static _ => { }, setup => setup.Services = services => services.AddSingleton<IPriceCatalog>(catalog));
        int before = catalog.Finds;
        await Parallel.ForEachAsync(Enumerable.Range(0, 1_000), async (_, token) =>
        {
            await using BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Model = "cheap", Estimate = 0.0001m }, token);
            lease.ReportCost(0);
        });
        Assert.Equal(1, catalog.Finds - before);
    }

    [Fact]
    public void T52_Keys_that_differ_in_any_name_are_spread()
    {
        var hashes = new HashSet<int>();
        for (int i = 0; i < 1_000; i++)
        {
            foreach (BudgetSubject subject in (BudgetSubject[])
                [new($"user{i}"), new("svc") { Team = $"team{i}" }, new("svc") { ApiKeyId = $"key{i}" }, new("svc") { Tags = new Dictionary<string, string> { ["tenant"] = $"t{i}" } }])
            {
                hashes.Add(new PlanKey(new BudgetRequest { Subject = subject }).GetHashCode());
            }
        }

        Assert.InRange(hashes.Count, 3_990, 4_000);
    }

    [Fact]
    public async Task T45_Names_that_change_after_a_request_are_another_key()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["tenant"]},"exports":{"Limit":0.50,"Period":"Day","Explicit":true}}}""", static _ => { });
        var tags = new Dictionary<string, string> { ["tenant"] = "red" };
        List<string> required = [];
        var request = new BudgetRequest { Subject = new BudgetSubject("svc") { Tags = tags }, RequiredBudgets = required, Estimate = 0.60m };
        Assert.Equal((true, false), (await AllowsAsync(), await AllowsAsync()));
        tags["tenant"] = "blue";
        Assert.True(await AllowsAsync());
        required.Add("exports");
        tags["tenant"] = "green";
        Assert.False(await AllowsAsync());
        required.Clear();
        Assert.True(await AllowsAsync());

        async Task<bool> AllowsAsync()
        {
            await using BudgetLease lease = await app.Guard.BeginAsync(request);
            return lease.IsAllowed;
        }
    }

    private static string Name(Random random) => new(random.GetItems<char>("ab:|/#{},", random.Next(1, 4)));

    private static BudgetRequest RequestOf((string User, string Model, string Operation) key, decimal cost) =>
        new() { Subject = key.User, Model = key.Model, Operation = key.Operation, Estimate = cost };

    private sealed class CountingCatalog : IPriceCatalog
    {
        private int _finds;

        public int Finds => _finds;

        public ModelPrice? Find(string model, string? provider = null)
        {
            Interlocked.Increment(ref _finds);
            return null;
        }
    }
}
