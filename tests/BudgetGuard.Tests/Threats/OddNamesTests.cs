using System.Globalization;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>Names that mean something elsewhere, keys that change, models that stand outside the body.</summary>
public sealed class OddNamesTests
{
    private static readonly string[] Payloads =
    [
        "x' OR pg_sleep(8)--", "\"; DROP TABLE holds; --", "' UNION SELECT * FROM accounts--", "*", "?", "[a-z]*", "a{b}c", "a}b{c", "{user}:alice", "alice:daily",
        "alice|daily", "$(reboot)", "`id`", "${jndi:ldap://x}", "%s%s%n", "{0}", "../../etc/passwd", "..\\..\\x", "EVAL return 1 0", "FLUSHALL", "<script>alert(1)</script>",
        "alice;model=free", "alice, bob", "null", "undefined", "NaN", "true", "__proto__", "0x1F", "1e400", "-1", "anonymous'",
    ];

    [Fact]
    public async Task T36_Names_that_are_commands_elsewhere_are_names()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, static app => app.MapGet("/api/run", static () => "done").WithCost(1.00m));
        foreach (string payload in Payloads)
        {
            using HttpResponseMessage first = await app.GetAsync("/api/run", payload);
            using HttpResponseMessage second = await app.GetAsync("/api/run", payload);
            Assert.Equal((payload, 200, 402), (payload, (int)first.StatusCode, (int)second.StatusCode));
            Assert.Equal(1.00m, (await app.BalanceAsync(payload)).Settled);
        }

        Assert.Equal(0m, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task T42_New_key_of_the_same_user_finds_what_was_spent_with_the_old_one()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            static app => app.MapGet("/api/run", static () => "done").WithCost(1.00m),
            static setup => setup.Guard = static guard =>
                guard.UseUserExtractor(static context => new BudgetSubject("alice") { ApiKeyId = context.Request.Query["key"] }));
        using HttpResponseMessage old = await app.GetAsync("/api/run?key=old");
        using HttpResponseMessage rotated = await app.GetAsync("/api/run?key=new");
        Assert.Equal((200, 402), ((int)old.StatusCode, (int)rotated.StatusCode));
    }

    [Theory]
    [InlineData("""{"model":"a\ud800b","messages":[]}""")]
    [InlineData("""{"model":"a\udc00b","messages":[]}""")]
    [InlineData("""{"a\ud800b":1,"model":"cheap","messages":[]}""")]
    public async Task T44_Lone_surrogates_are_refused(string body)
    {
        await using ChatApp chat = await ChatApp.StartAsync();
        Assert.Equal(400, await chat.AskAsync(body));
        Assert.Equal(0, chat.Arrivals);
    }

    [Theory]
    [InlineData("/v1/openai/deployments/exp/chat/completions", """{"max_tokens":100,"messages":[]}""")]
    [InlineData("/v1/openai/deployments/exp/chat/completions", """{"model":"cheap","max_tokens":100,"messages":[]}""")]
    [InlineData("/v1/models/exp:generateContent", """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":100}}""")]
    [InlineData("/v1/models/exp:streamGenerateContent", """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":100}}""")]
    [InlineData("/v1/model/exp/converse", """{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":100}}""")]
    public async Task T64_Model_in_the_path_is_the_one_that_is_priced(string path, string body)
    {
        Assert.InRange(await EstimateAsync(path, body), 0.01m, 0.02m);
        Assert.InRange(await EstimateAsync(path.Replace("exp", "cheap", StringComparison.Ordinal), body.Replace("cheap", "exp", StringComparison.Ordinal)), 0.0002m, 0.0005m);
    }

    private static async Task<decimal> EstimateAsync(string path, string body)
    {
        await using ChatApp chat = await ChatApp.StartAsync("""{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day"}}}""");
        using HttpResponseMessage answer = await chat.App.PostAsync(path, body);
        Assert.Equal(200, (int)answer.StatusCode);
        return decimal.Parse(Assert.Single(answer.Headers.GetValues("X-BudgetGuard-Estimate")), CultureInfo.InvariantCulture);
    }
}
