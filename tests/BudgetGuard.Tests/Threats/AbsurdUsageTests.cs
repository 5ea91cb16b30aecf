using System.Globalization;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>What a broken or hostile provider says of the usage never lowers the ledger and never makes it wrap.</summary>
public sealed class AbsurdUsageTests
{
    private const string Path = "/scripted/v1/chat/completions";
    private const string Watched =
        """{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1,"Period":"Day","Per":["User"],"OnExceeded":"Alert"},"hard":{"Limit":1000000000,"Period":"Day","Per":["User"]}}}""";

    [Theory]
    [InlineData("""{"prompt_tokens":-100,"completion_tokens":-50,"total_tokens":-150}""")]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":-50}""")]
    [InlineData("""{"prompt_tokens":-9223372036854775808,"completion_tokens":-9223372036854775808}""")]
    [InlineData("""{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}""")]
    [InlineData("""{"prompt_tokens":1e30,"completion_tokens":1e30}""")]
    [InlineData("""{"prompt_tokens":1e400,"completion_tokens":1e400}""")]
    [InlineData("""{"prompt_tokens":"NaN","completion_tokens":"Infinity"}""")]
    [InlineData("""{"prompt_tokens":true,"completion_tokens":[]}""")]
    [InlineData("""{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}""")]
    [InlineData("""{"cost":-1}""")]
    [InlineData("""{"cost":"NaN"}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"100\"")]
    public async Task T74_T84_Usage_without_a_meaning_is_charged_as_none_at_the_estimate(string usage)
    {
        await using ChatApp chat = await StartAsync(() => usage);
        (decimal estimate, decimal settled) = await AskAsync(chat);
        Assert.Equal(estimate, settled);
        Assert.True(settled > 0);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":"100","completion_tokens":"50"}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100.0,"completion_tokens":5e1}""", 100, 50)]
    [InlineData("""{"prompt_tokens":99.1,"completion_tokens":49.5}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"total_tokens":1000}""", 100, 900)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"total_tokens":10}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"total_tokens":-10}""", 100, 50)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":1000}}""", 1010, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":-1000}}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"completion_tokens_details":{"reasoning_tokens":500}}""", 100, 550)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"cost":-0.5}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"cost":0}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"cost":"0"}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"cost":1e28}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"cost_in_usd_ticks":1e28}""", 100, 50)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"cost_in_usd_ticks":-1}""", 100, 50)]
    public async Task T84_Usage_that_contradicts_itself_is_charged_at_its_larger_reading(string usage, int input, int output)
    {
        await using ChatApp chat = await StartAsync(() => usage);
        (_, decimal settled) = await AskAsync(chat);
        Assert.Equal((input * 1m + output * 2m) / 1_000_000m, settled);
        Assert.DoesNotContain(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "GuardFailed");
    }

    [Fact]
    public async Task T72_T74_No_answer_ever_lowers_the_ledger()
    {
        string[] usages =
        [
            """{"prompt_tokens":100,"completion_tokens":50}""",
            """{"prompt_tokens":-1000000,"completion_tokens":-1000000,"total_tokens":-2000000}""",
            """{"prompt_tokens":1,"completion_tokens":1,"total_tokens":-1000000}""",
            """{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":-1000000,"audio_tokens":-5}}""",
            """{"prompt_tokens":1,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":-1000000}}""",
            """{"prompt_tokens":1,"completion_tokens":1,"cost":-1000000}""",
            """{"prompt_tokens":1,"completion_tokens":1,"is_byok":true,"cost":1,"cost_details":{"upstream_inference_cost":-1000}}""",
        ];
        string usage = "";
        await using ChatApp chat = await StartAsync(() => usage);
        decimal before = 0;
        foreach (string next in usages)
        {
            usage = next;
            (_, decimal settled) = await AskAsync(chat);
            Assert.True(settled > before, $"{next}: {settled} after {before}");
            before = settled;
        }
    }

    [Fact]
    public async Task T74_T75_Usage_of_trillions_is_charged_until_the_ledger_is_full_and_never_wraps()
    {
        await using ChatApp chat = await StartAsync(static () => """{"prompt_tokens":1,"completion_tokens":1000000000000}""");
        (_, decimal settled) = await AskAsync(chat, "exp");
        Assert.Equal(100_000_000.00001m, settled);

        // A hundred dollars a million, a trillion tokens: a hundred such answers are more than 64 bits of nano-dollars.
        for (int i = 0; i < 100; i++)
        {
            decimal before = settled;
            using HttpResponseMessage answer = await chat.App.PostAsync(Path, ChatApp.Body("exp"), "alice");
            settled = (await chat.App.BalanceAsync()).Settled;
            Assert.True(settled >= before, $"{settled} after {before}");
            Assert.Equal(0m, (await chat.App.BalanceAsync()).Held);
            Assert.Equal(before < 1_000_000_000m ? 200 : 402, (int)answer.StatusCode);
        }
    }

    private static Task<ChatApp> StartAsync(Func<string> usage) => ChatApp.StartAsync(Watched, map: app => app.MapPost(
        Path,
        (HttpContext context) => Results.Content(
            $$$"""{"id":"x","object":"chat.completion","model":"{{{context.GetBudgetGuard()!.Request.Model}}}","choices":[],"usage":{{{usage()}}}}""", "application/json")));

    /// <summary>Asks once and gives what was held for it and what alice has spent in all.</summary>
    private static async Task<(decimal Estimate, decimal Settled)> AskAsync(ChatApp chat, string model = "cheap")
    {
        using HttpResponseMessage answer = await chat.App.PostAsync(Path, ChatApp.Body(model));
        Assert.Equal(200, (int)answer.StatusCode);
        await answer.Content.ReadAsStringAsync();
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.Equal(0m, balance.Held);
        return (decimal.Parse(answer.Headers.GetValues("X-BudgetGuard-Estimate").Single(), CultureInfo.InvariantCulture), balance.Settled);
    }
}
