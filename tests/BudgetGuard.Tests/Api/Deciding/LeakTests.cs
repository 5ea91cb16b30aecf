using System.Net;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>An answer tells nobody of others.</summary>
public sealed class LeakTests
{
    private const string TeamBudget = """{"Budgets":{"shared":{"Limit":1.00,"Period":"Day","Per":["Team"]}}}""";

    [Theory]
    [InlineData(0.777)]
    [InlineData(0.123456789)]
    public async Task T208_A_denial_tells_neither_amounts_nor_other_members(double spent)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(TeamBudget);
        string canary = (await app.DecideAsync($$"""{"user":"canary-user","team":"red","operation":"canary-work","model":"canary-model","estimated_cost":1}""")).Allowed().HoldId;
        await app.SettleAsync(canary, (decimal)spent);
        await app.DecideAsync("""{"user":"other","team":"canary-team","estimated_cost":0.333}""");
        Answered answer = await app.DecideAsync("""{"user":"alice","team":"red","estimated_cost":0.99}""");
        Assert.NotEqual("allow", answer.Decision);
        Assert.DoesNotContain("canary", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(((decimal)spent).ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("usd", answer.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task T208_A_denial_is_as_long_whatever_others_spent()
    {
        List<int> lengths = [];
        foreach (decimal spent in (decimal[])[0.5m, 0.123456789m, 12345m])
        {
            await using DecidingApp app = await DecidingApp.StartAsync(TeamBudget);
            string hold = (await app.DecideAsync("""{"user":"bob","team":"red","estimated_cost":1}""")).Allowed().HoldId;
            await app.SettleAsync(hold, spent);
            lengths.Add((await app.DecideAsync("""{"user":"alice","team":"red","estimated_cost":0.99}""")).Text.Length);
        }

        Assert.Single(lengths.Distinct());
    }

    [Fact]
    public async Task T209_A_hold_of_another_is_answered_like_none()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.25m, caller: "a")).Allowed().HoldId;
        Answered others = (await app.SettleAsync(hold, 0.1m, caller: "b")).Is(HttpStatusCode.NotFound);
        Answered none = (await app.SettleAsync(new string('f', 32), 0.1m, caller: "b")).Is(HttpStatusCode.NotFound);
        Assert.Equal(none.Text, others.Text);
    }

    [Fact]
    public async Task T209_A_user_that_nobody_knows_is_answered_like_one_that_has_spent_nothing_now()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        await app.ReleaseAsync(hold);
        Answered known = (await app.DecideAsync(0.25m)).Allowed();
        Answered unknown = (await app.DecideAsync(0.25m, user: "nobody")).Allowed();
        Assert.Equal(known.Text.Replace(known.HoldId, "", StringComparison.Ordinal), unknown.Text.Replace(unknown.HoldId, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Logs_have_neither_the_request_nor_the_credential()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(configure: static setup => setup.LogLevel = Microsoft.Extensions.Logging.LogLevel.Trace);
        await app.DecideAsync("""{"user":"alice","request":{"model":"cheap","max_tokens":5,"messages":[{"role":"user","content":"canary-prompt"}]}}""", "canary-key");
        await app.DecideAsync("""{"user":"alice","canary-field":1}""", "canary-key");
        Assert.DoesNotContain(
            app.App.Logs.GetSnapshot(),
            static line => line.Category?.StartsWith("BudgetGuard", StringComparison.Ordinal) == true && line.Message.Contains("canary", StringComparison.Ordinal));
    }
}
