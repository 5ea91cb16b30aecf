using System.Net;
using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>All budgets that apply to a request are held together, or none.</summary>
public sealed class ScopeTests
{
    private static readonly string[] Scopes = ["user", "team", "key", "tag", "model", "operation", "everyone"];

    private const string EveryScope = """
        {"Budgets":{
          "user":{"Limit":1.00,"Period":"Day","Per":["User"]},
          "team":{"Limit":1.00,"Period":"Day","Per":["Team"]},
          "key":{"Limit":1.00,"Period":"Day","Per":["ApiKey"]},
          "tag":{"Limit":1.00,"Period":"Day","Per":["Project"]},
          "model":{"Limit":1.00,"Period":"Day","Per":["Model"]},
          "operation":{"Limit":1.00,"Period":"Day","Per":["Operation"]},
          "everyone":{"Limit":1.00,"Period":"Day"}}}
        """;

    [Theory]
    [InlineData("user")]
    [InlineData("team")]
    [InlineData("key")]
    [InlineData("tag")]
    [InlineData("model")]
    [InlineData("operation")]
    [InlineData("everyone")]
    public async Task T43_Any_exhausted_scope_denies_and_no_other_is_charged(string exhausted)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(EveryScope.Replace(
            $"\"{exhausted}\":{{\"Limit\":1.00", $"\"{exhausted}\":{{\"Limit\":0.009", StringComparison.Ordinal), costly);

        using HttpResponseMessage denied = await app.SendAsync(HttpMethod.Post, "/api/run", user: null);
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        using JsonDocument body = JsonDocument.Parse(await denied.Content.ReadAsStreamAsync());
        Assert.Equal(exhausted, body.RootElement.GetProperty("budget").GetString());
        Assert.Equal(0, costly.Hits);
        foreach (BudgetBalance balance in await app.Guard.ReadAsync(Alice))
        {
            Assert.Equal((0m, 0m), (balance.Settled, balance.Held));
        }
    }

    [Fact]
    public async Task T43_Every_scope_is_held_while_the_request_runs_and_charged_after_it()
    {
        List<BudgetBalance> during = [];
        GuardedApp? started = null;
        await using GuardedApp app = started = await GuardedApp.StartAsync(
            EveryScope,
            app => app.MapPost("/api/run", async () =>
            {
                during.AddRange(await started!.Guard.ReadAsync(Alice));
                return "done";
            }),
            Identify);

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run", user: null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        IReadOnlyList<BudgetBalance> after = await app.Guard.ReadAsync(Alice);
        Assert.Equal(Scopes.Order(), during.Select(balance => balance.Budget).Order());
        Assert.All(during, balance => Assert.Equal((0m, 0.01m), (balance.Settled, balance.Held)));
        Assert.All(after, balance => Assert.Equal((0.01m, 0m), (balance.Settled, balance.Held)));
    }

    private static BudgetRequest Alice { get; } = new() { Subject = Subject, Model = "cheap", Operation = "api_call" };

    private static BudgetSubject Subject =>
        new("alice") { Team = "red", ApiKeyId = "k1", Tags = new Dictionary<string, string> { ["Project"] = "p1" } };

    private static Task<GuardedApp> StartAsync(string section, HitCounter costly) =>
        GuardedApp.StartAsync(section, app => app.MapPost("/api/run", costly.RunAsync), Identify);

    private static void Identify(GuardedAppSetup setup) =>
        setup.Guard = guard => guard.UseUserExtractor(_ => Subject).UseModelExtractor(_ => "cheap");

    [Fact]
    public async Task T43_Budget_that_is_split_another_way_has_accounts_of_its_own()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            static app => app.MapGet("/api/run", static () => "done").WithCost(1.00m),
            static setup => setup.Guard = static guard => guard.UseUserExtractor(static _ => new BudgetSubject("red") { Team = "red" }));
        using HttpResponseMessage asUser = await app.GetAsync("/api/run");
        using HttpResponseMessage exhausted = await app.GetAsync("/api/run");
        ((IConfigurationBuilder)app.Configuration).AddInMemoryCollection([new("BudgetGuard:Budgets:daily:Per:0", "Team")]);
        using HttpResponseMessage asTeam = await app.GetAsync("/api/run");
        using HttpResponseMessage teamExhausted = await app.GetAsync("/api/run");
        Assert.Equal([200, 402, 200, 402], new[] { asUser, exhausted, asTeam, teamExhausted }.Select(static answer => (int)answer.StatusCode));
    }
}
