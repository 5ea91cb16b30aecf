using BudgetGuard.Policy;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>The decision cache: nobody is served another's decision, and nothing old is served.</summary>
public sealed class CacheTests
{
    private const string HourOfCache = """{"CacheTtlSeconds":3600,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

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
    public async Task T52_Own_catalogue_is_asked_anew_once_the_time_of_the_cache_is_over()
    {
        var catalog = new CountingCatalog();
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"CacheTtlSeconds":60,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""",
            static _ => { },
            setup => setup.Services = services => services.AddSingleton<IPriceCatalog>(catalog));
        List<int> finds = [];
        for (int i = 0; i < 3; i++)
        {
            int before = catalog.Finds;
            for (int j = 0; j < 5; j++)
            {
                await using BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Model = "cheap", Estimate = 0.0001m });
            }

            finds.Add(catalog.Finds - before);
            app.Time.Advance(TimeSpan.FromSeconds(60));
        }

        Assert.Equal([1, 1, 1], finds);
    }

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
