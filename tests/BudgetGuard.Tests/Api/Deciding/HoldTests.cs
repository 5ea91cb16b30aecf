using System.Net;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>How holds of callers of the API grow and end.</summary>
public sealed class HoldTests
{
    [Fact]
    public async Task A_settlement_charges_what_was_used_and_again_answers_the_same()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Answered first = (await app.SettleAsync(hold, 0.125m)).Is(HttpStatusCode.OK);
        Assert.Equal("""{"cost":0.125}""", first.Text);
        Assert.Equal(first.Text, (await app.SettleAsync(hold, 0.125m)).Text);
        Assert.Equal((0.125m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task Another_cost_for_what_is_settled_is_a_conflict()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        await app.SettleAsync(hold, 0.125m);
        (await app.SettleAsync(hold, 0.126m)).Is(HttpStatusCode.Conflict);
        Assert.Equal((0.125m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task A_hundred_settlements_at_once_count_once()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => app.SettleAsync(hold, i % 2 == 0 ? 0.1m : 0.2m))));
        Assert.Equal(50, answers.Count(static answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(50, answers.Count(static answer => answer.Status == HttpStatusCode.Conflict));
        Assert.Contains((await app.BooksAsync()).Settled, new[] { 0.1m, 0.2m });
    }

    [Fact]
    public async Task More_than_was_held_is_charged_in_full()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        await app.SettleAsync(hold, 7m);
        Assert.Equal((7m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task T206_What_nobody_settles_is_charged_at_its_estimate_when_its_time_is_over()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        (await app.DecideAsync("""{"user":"alice","estimated_cost":0.5,"ttl_seconds":30}""")).Allowed();
        app.App.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal((0m, 0.5m), await app.BooksAsync());
        app.App.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0.5m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task A_settlement_after_the_time_is_over_corrects_the_charge()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync("""{"user":"alice","estimated_cost":0.5,"ttl_seconds":30}""")).Allowed().HoldId;
        app.App.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((0.5m, 0m), await app.BooksAsync());
        (await app.SettleAsync(hold, 0.2m)).Is(HttpStatusCode.OK);
        Assert.Equal((0.2m, 0m), await app.BooksAsync());
        (await app.SettleAsync(hold, 0.5m)).Is(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_hold_is_forgotten_a_day_after_it_is_over()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync("""{"id":"x","user":"alice","estimated_cost":0.5,"ttl_seconds":60}""")).Allowed().HoldId;
        app.App.Time.Advance(TimeSpan.FromDays(1));
        (await app.SettleAsync(hold, 0.2m)).Is(HttpStatusCode.OK);
        app.App.Time.Advance(TimeSpan.FromDays(1));
        (await app.SettleAsync(hold, 0.2m)).Is(HttpStatusCode.NotFound);
        (await app.DecideAsync(0.1m, id: "x")).Allowed();
    }

    [Fact]
    public async Task A_release_gives_everything_back_as_often_as_it_is_asked()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Assert.Equal(HttpStatusCode.NoContent, (await app.ReleaseAsync(hold)).Status);
        Assert.Equal((0m, 0m), await app.BooksAsync());
        Assert.Equal(HttpStatusCode.NoContent, (await app.ReleaseAsync(hold)).Status);
    }

    [Fact]
    public async Task A_release_after_the_settlement_changes_nothing()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        await app.SettleAsync(hold, 0.3m);
        Assert.Equal(HttpStatusCode.NoContent, (await app.ReleaseAsync(hold)).Status);
        Assert.Equal((0.3m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task A_settlement_after_the_release_counts()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        await app.ReleaseAsync(hold);
        (await app.SettleAsync(hold, 0.3m)).Is(HttpStatusCode.OK);
        Assert.Equal((0.3m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task An_extension_holds_more_for_longer()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync("""{"user":"alice","estimated_cost":0.25,"ttl_seconds":60}""")).Allowed().HoldId;
        app.App.Time.Advance(TimeSpan.FromSeconds(50));
        Answered more = (await app.ExtendAsync(hold, 0.5m)).Allowed();
        Assert.Equal(hold, more.HoldId);
        Assert.Equal(0.75m, more.Json.GetProperty("estimated_cost").GetDecimal());
        Assert.Equal(0.25m, more.Json.GetProperty("remaining").GetDecimal());
        Assert.Equal("daily", more.Json.GetProperty("budget").GetString());
        Assert.Equal("2026-06-10T12:01:50Z", more.Json.GetProperty("expires_at").GetString());
        app.App.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal((0m, 0.75m), await app.BooksAsync());
        app.App.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0.75m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task An_extension_that_does_not_fit_is_a_denial_and_leaves_the_hold_as_it_was()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""");
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        await app.App.SpendAsync(0.5m);
        Answered answer = (await app.ExtendAsync(hold, 0.3m)).Is(HttpStatusCode.OK);
        Assert.Equal("reject", answer.Decision);
        Assert.Equal(402, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal(0.55m, answer.Json.GetProperty("body").GetProperty("estimated_usd").GetDecimal());
        Assert.Equal((0.5m, 0.25m), await app.BooksAsync());
        (await app.ExtendAsync(hold, 0.25m)).Allowed();
        await app.SettleAsync(hold, 0.5m);
        Assert.Equal((1m, 0m), await app.BooksAsync());
    }

    [Theory]
    [InlineData("settle")]
    [InlineData("release")]
    [InlineData("expire")]
    public async Task An_extension_of_what_is_over_is_a_conflict(string end)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        await EndAsync(app, hold, end);
        (await app.ExtendAsync(hold, 0.1m)).Is(HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("settle")]
    [InlineData("release")]
    [InlineData("expire")]
    public async Task T205_The_id_of_what_is_over_is_a_conflict(string end)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.25m, id: "job-1")).Allowed().HoldId;
        await EndAsync(app, hold, end);
        (await app.DecideAsync(0.25m, id: "job-1")).Is(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task T205_The_same_id_twice_is_one_hold_and_one_answer()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered first = (await app.DecideAsync(0.25m, id: "job-1")).Allowed();
        app.App.Time.Advance(TimeSpan.FromMinutes(1));
        await app.App.SpendAsync(0.1m);
        Answered again = (await app.DecideAsync("""{ "estimated_cost": 0.250, "id": "job-1", "user": "alice" }""")).Allowed();
        Assert.Equal(first.Text, again.Text);
        Assert.Equal((0.1m, 0.25m), await app.BooksAsync());
    }

    [Theory]
    [InlineData("""{"id":"job-1","user":"alice","estimated_cost":0.26}""")]
    [InlineData("""{"id":"job-1","user":"bob","estimated_cost":0.25}""")]
    [InlineData("""{"id":"job-1","user":"alice","estimated_cost":0.25,"team":"red"}""")]
    [InlineData("""{"id":"job-1","user":"alice","estimated_cost":0.25,"model":"m"}""")]
    [InlineData("""{"id":"job-1","user":"alice","estimated_cost":0.25,"operation":"o"}""")]
    [InlineData("""{"id":"job-1","user":"alice","estimated_cost":0.25,"ttl_seconds":600}""")]
    [InlineData("""{"id":"job-1","user":"alice"}""")]
    public async Task T205_The_same_id_for_something_else_is_a_conflict(string other)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        (await app.DecideAsync(0.25m, id: "job-1")).Allowed();
        (await app.DecideAsync(other)).Is(HttpStatusCode.Conflict);
        Assert.Equal((0m, 0.25m), await app.BooksAsync());
    }

    [Fact]
    public async Task T205_A_hundred_at_once_with_one_id_are_one_hold()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => app.DecideAsync(0.9m, id: "job-1"))));
        Assert.All(answers, static answer => answer.Allowed());
        Assert.Single(answers.Select(static answer => answer.Text).Distinct());
        Assert.Equal((0m, 0.9m), await app.BooksAsync());
    }

    [Fact]
    public async Task T205_A_denied_id_may_be_asked_again()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered other = (await app.DecideAsync(0.9m)).Allowed();
        Assert.Equal("throttle", (await app.DecideAsync(0.5m, id: "job-1")).Decision);
        await app.ReleaseAsync(other.HoldId);
        (await app.DecideAsync(0.5m, id: "job-1")).Allowed();
    }

    [Fact]
    public async Task T204_Another_caller_finds_no_hold_and_may_use_the_same_id()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered mine = (await app.DecideAsync(0.25m, id: "job-1", caller: "a")).Allowed();
        (await app.SettleAsync(mine.HoldId, 0m, caller: "b")).Is(HttpStatusCode.NotFound);
        (await app.ExtendAsync(mine.HoldId, 0.1m, caller: "b")).Is(HttpStatusCode.NotFound);
        (await app.ReleaseAsync(mine.HoldId, caller: "b")).Is(HttpStatusCode.NotFound);
        (await app.SettleAsync(mine.HoldId, 0m)).Is(HttpStatusCode.NotFound);
        Assert.Equal((0m, 0.25m), await app.BooksAsync());
        Answered theirs = (await app.DecideAsync(0.5m, id: "job-1", caller: "b")).Allowed();
        Assert.NotEqual(mine.HoldId, theirs.HoldId);
        (await app.SettleAsync(mine.HoldId, 0.25m, caller: "a")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task T204_Who_was_authenticated_is_the_caller_whatever_credential_it_used()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(configure: static setup =>
        {
            setup.Services = TestAuthentication.Add;
            setup.Pipeline = static web =>
            {
                Microsoft.AspNetCore.Builder.AuthAppBuilderExtensions.UseAuthentication(web);
                BudgetGuard.Api.Deciding.DecisionRoutes.Map(Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGroup(web, "/budgetguard/api"));
            };
        });
        app.App.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Test service-a");
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        app.App.Client.DefaultRequestHeaders.Remove("Authorization");
        app.App.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Test service-b");
        (await app.ReleaseAsync(hold)).Is(HttpStatusCode.NotFound);
        app.App.Client.DefaultRequestHeaders.Remove("Authorization");
        app.App.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Test service-a");
        Assert.Equal(HttpStatusCode.NoContent, (await app.ReleaseAsync(hold)).Status);
    }

    [Fact]
    public async Task T204_Ids_of_holds_are_not_to_be_guessed()
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        HashSet<string> seen = [];
        for (int i = 0; i < 50; i++)
        {
            string hold = (await app.DecideAsync(0.001m, id: i % 2 == 0 ? $"job-{i}" : null)).Allowed().HoldId;
            Assert.Matches("^[0-9a-f]{32}$", hold);
            Assert.True(seen.Add(hold[..8]), "two begin alike");
        }

        (await app.SettleAsync(new string('0', 32), 0m)).Is(HttpStatusCode.NotFound);
        (await app.ReleaseAsync("job-0")).Is(HttpStatusCode.NotFound);
    }

    private static async Task EndAsync(DecidingApp app, string hold, string end)
    {
        switch (end)
        {
            case "settle":
                await app.SettleAsync(hold, 0.1m);
                break;
            case "release":
                await app.ReleaseAsync(hold);
                break;
            default:
                app.App.Time.Advance(TimeSpan.FromMinutes(10));
                break;
        }
    }
}
