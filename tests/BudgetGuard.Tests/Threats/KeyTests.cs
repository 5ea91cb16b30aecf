using BudgetGuard.Policy;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>Keys: whatever names look like, different ones are charged apart.</summary>
public sealed class KeyTests
{
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
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User","Model"]}}}""", app => app.MapPost("/api", () => "done").WithCost(0.60m),
            NamedByHeader);
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
    public async Task T49_Keys_that_share_a_place_in_the_cache_are_charged_apart()
    {
        // Of equal length and with the same middle and end: the quick hash takes them for one.
        string[] models = ["aaXbb", "ccXdb", "eeXfb"];
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["Model"]}}}""", app => app.MapPost("/api", () => "done").WithCost(0.10m),
            NamedByHeader);
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

    [Fact]
    public void T45_Key_tells_apart_what_splits_a_budget_and_not_the_case_of_its_name()
    {
        BudgetTerms terms = Accounting.Kit.Terms("daily") with { Per = ["User"] };
        var key = new AccountKey(terms, ["red"]);
        Assert.Equal(key, new AccountKey(terms with { Name = "DAILY" }, ["red"]));
        Assert.Equal(key.GetHashCode(), new AccountKey(terms with { Name = "DAILY" }, ["red"]).GetHashCode());
        Assert.NotEqual(key, new AccountKey(terms with { Per = ["Team"] }, ["red"]));
        Assert.NotEqual(key, new AccountKey(terms, ["Red"]));
    }

    /// <summary>An app that believes its callers which model they use: what only a header claims splits no budget.</summary>
    private static void NamedByHeader(GuardedAppSetup setup) =>
        setup.Guard = static guard => guard.UseModelExtractor(static context => context.Request.Headers["X-Model"].ToString());

    private static string Name(Random random) => new(random.GetItems<char>("ab:|/#{},", random.Next(1, 4)));

    private static BudgetRequest RequestOf((string User, string Model, string Operation) key, decimal cost) =>
        new() { Subject = key.User, Model = key.Model, Operation = key.Operation, Estimate = cost };
}
