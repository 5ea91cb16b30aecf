using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Administration;

/// <summary>Budgets and accounts through the API: what they read as, what raises and renews them, and what of a request is refused.</summary>
public sealed class AccountApiTests
{
    private const string Budgets =
        """
        {"Budgets":{
          "daily":{"Limit":1.00,"Period":"Day","Per":["User"]},
          "org":{"Limit":100,"Period":"Month","Mode":"Shadow"},
          "pairs":{"Tokens":1000,"Rolling":"01:00:00","Per":["User","Model"],"Explicit":true},
          "slots":{"Concurrency":2,"Per":["ApiKey"]}}}
        """;

    [Fact]
    public async Task Budgets_are_listed_as_configured()
    {
        await using ApiApp api = await ApiApp.StartAsync(Budgets);
        JsonElement budgets = await api.GetAsync("/budgets");
        Assert.Equal(
            """[{"name":"daily","unit":"usd","limit":1.00,"window":"day","per":["user"],"on_exceeded":"reject","mode":"enforce"},{"name":"org","unit":"usd","limit":100,"window":"month","per":[],"on_exceeded":"reject","mode":"shadow"},{"name":"pairs","unit":"tokens","limit":1000,"window":"rolling","per":["user","model"],"on_exceeded":"throttle","mode":"enforce"},{"name":"slots","unit":"concurrency","limit":2,"window":"total","per":["api_key"],"on_exceeded":"throttle","mode":"enforce"}]""",
            budgets.GetRawText().Replace("\"limit\":1,", "\"limit\":1.00,", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_account_reads_as_it_is_and_as_empty_before_its_first_use()
    {
        await using ApiApp api = await ApiApp.StartAsync(Budgets);
        await api.WorkAsync();
        JsonElement account = (await api.GetAsync("/accounts?budget=DAILY&user=alice"))[0];
        Assert.Equal(
            """{"budget":"daily","partition":{"user":"alice"},"window_start":"2026-06-10T00:00:00Z","resets_at":"2026-06-11T00:00:00Z","limit":1,"settled":0.1,"held":0,"debt":0,"available":0.9}""",
            account.GetRawText());
        JsonElement unused = (await api.GetAsync("/accounts?budget=daily&user=nobody"))[0];
        Assert.Equal((0m, 1m), (unused.GetProperty("settled").GetDecimal(), unused.GetProperty("available").GetDecimal()));
    }

    [Fact]
    public async Task Accounts_in_use_are_listed_up_to_a_limit()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        foreach (string user in (string[])["alice", "bob", "carol"])
        {
            await api.WorkAsync(user);
        }

        Assert.Equal(["alice", "bob", "carol"], UsersOf(await api.GetAsync("/accounts?budget=daily")));
        Assert.Equal(2, (await api.GetAsync("/accounts?budget=daily&limit=2")).GetArrayLength());
        api.App.Time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(UsersOf(await api.GetAsync("/accounts?budget=daily")));
    }

    [Theory]
    [InlineData("/accounts", "'budget'")]
    [InlineData("/accounts?budget=daily&usr=alice", "'usr'")]
    [InlineData("/accounts?budget=daily&user=a&user=b", "'user'")]
    [InlineData("/accounts?budget=daily&limit=0", "'limit'")]
    [InlineData("/accounts?budget=daily&limit=1001", "'limit'")]
    [InlineData("/accounts?budget=org&user=alice", "'user'")]
    [InlineData("/budgets?x=1", "'x'")]
    [InlineData("/spend?interval=minute", "'interval'")]
    [InlineData("/spend?group_by=user,user", "'group_by'")]
    [InlineData("/spend?group_by=users", "'group_by'")]
    [InlineData("/spend?from=2026-06-10", "'from'")]
    [InlineData("/spend?from=2026-06-10T12:00:00", "'from'")]
    [InlineData("/spend?from=2026-06-11T00:00:00Z&to=2026-06-10T00:00:00Z", "'from'")]
    [InlineData("/decisions?limit=1e3", "'limit'")]
    [InlineData("/decisions?limit=-1", "'limit'")]
    [InlineData("/explain", "'path'")]
    [InlineData("/explain?path=x", "'path'")]
    [InlineData("/explain?path=/x&cost=-1", "'cost'")]
    [InlineData("/explain?path=/x&cost=NaN", "'cost'")]
    [InlineData("/explain?path=/x&cost=1e400", "'cost'")]
    [InlineData("/alerts?limit=201", "'limit'")]
    [InlineData("/me?user=bob", "'user'")]
    public async Task T191_T192_a_query_that_cannot_be_used_is_refused_by_name(string path, string name)
    {
        await using ApiApp api = await ApiApp.StartAsync(Budgets);
        (int status, string body, HttpResponseMessage answer) = await api.SendAsync("GET", path);
        Assert.Equal(400, status);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains(name, ApiApp.Parse(body).GetProperty("detail").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1,"spent":0}""", "'spent'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1,"limit":1e30}""", "'limit'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1,"role":"admin"}""", "'role'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1,"Amount":2}""", "'Amount'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":-1}""", "'amount'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":0}""", "'amount'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":"1"}""", "amount")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1e400}""", "amount")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":NaN}""", "amount")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1e10}""", "'amount'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":0.0000000001}""", "'amount'")]
    [InlineData("""{"budget":"pairs","partition":{"user":"alice","model":"x"},"amount":0.5}""", "'amount'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"}}""", "'amount'")]
    [InlineData("""{"partition":{"user":"alice"},"amount":1}""", "'budget'")]
    [InlineData("""{"budget":null,"partition":{"user":"alice"},"amount":1}""", "budget")]
    [InlineData("""{"budget":"daily","amount":1}""", "'user'")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice","team":"red"},"amount":1}""", "'team'")]
    [InlineData("""{"budget":"daily","partition":{"user":"a\u0000b"},"amount":1}""", "user")]
    [InlineData("""{"budget":"daily","budget":"org","partition":{"user":"alice"},"amount":1}""", "twice")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1,"until":"2026-06-10T11:59:59Z"}""", "over")]
    [InlineData("""{"budget":"daily","partition":{"user":"alice"},"amount":1,"until":"tomorrow"}""", "'until'")]
    [InlineData("""[]""", "$")]
    [InlineData("""null""", "object")]
    [InlineData("""{""", "$")]
    public async Task T191_T192_a_top_up_that_cannot_be_used_is_refused_by_name_and_changes_nothing(string json, string name)
    {
        await using ApiApp api = await ApiApp.StartAsync(Budgets);
        (int status, string body, _) = await api.SendAsync("POST", "/accounts/topup", json);
        Assert.Equal(400, status);
        Assert.Contains(name, ApiApp.Parse(body).GetProperty("detail").GetString()!, StringComparison.Ordinal);
        Assert.Equal(1m, (await api.GetAsync("/accounts?budget=daily&user=alice"))[0].GetProperty("limit").GetDecimal());
    }

    [Fact]
    public async Task A_budget_that_is_not_there_is_404_and_a_large_body_413()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        Assert.Equal(404, (await api.SendAsync("GET", "/accounts?budget=nothing")).Status);
        Assert.Equal(404, (await api.SendAsync("POST", "/accounts/topup", """{"budget":"nothing","amount":1}""")).Status);
        Assert.Equal(413, (await api.SendAsync("POST", "/accounts/topup", "{" + new string(' ', 70_000) + "}")).Status);
    }

    [Fact]
    public async Task T193_a_top_up_raises_the_limit_at_once_ends_with_the_window_and_is_told_of()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await api.App.ExhaustAsync();
        Assert.Equal(402, await api.WorkAsync());
        Assert.Equal(402, await api.WorkAsync());

        JsonElement account = await api.PostAsync("/accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":0.25}""");
        Assert.Equal((1.25m, 0.25m), (account.GetProperty("limit").GetDecimal(), account.GetProperty("available").GetDecimal()));
        Assert.Equal((200, 200, 402), (await api.WorkAsync(), await api.WorkAsync(), await api.WorkAsync()));
        Assert.Equal(1m, (await api.GetAsync("/accounts?budget=daily&user=bob"))[0].GetProperty("limit").GetDecimal());

        FakeLogLine line = Assert.Single(LinesOf(api, "AccountToppedUp"));
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains("this machine at 127.0.0.1 raised the limit of budget daily for user alice from 1", line.Text, StringComparison.Ordinal);
        Assert.Contains("to 1.25 until its window ends", line.Text, StringComparison.Ordinal);

        api.App.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1m, (await api.GetAsync("/accounts?budget=daily&user=alice"))[0].GetProperty("limit").GetDecimal());
    }

    [Fact]
    public async Task A_top_up_until_a_time_ends_then_within_its_window_and_across_windows()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await api.PostAsync("/accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":1,"until":"2026-06-10T13:00:00Z"}""");
        await api.PostAsync("/accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":2,"until":"2026-06-11T12:00:00+00:00"}""");
        Assert.Equal(4m, await LimitAsync(api));
        await api.App.SpendAsync(3.50m);
        api.App.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(402, await api.WorkAsync());
        Assert.Equal(3m, await LimitAsync(api));
        api.App.Time.Advance(TimeSpan.FromHours(22));
        Assert.Equal(3m, await LimitAsync(api));
        await api.App.SpendAsync(2.95m);
        Assert.Equal(402, await api.WorkAsync());
        api.App.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1m, await LimitAsync(api));
        Assert.Equal(402, await api.WorkAsync());
    }

    [Fact]
    public async Task A_reset_begins_anew_and_old_holds_do_not_count_in_the_new_account()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await api.App.SpendAsync(0.40m);
        await using (BudgetLease lease = await api.App.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.60m }))
        {
            Assert.True(lease.IsAllowed);
            Assert.NotEqual(200, await api.WorkAsync());
            JsonElement account = await api.PostAsync("/accounts/reset", """{"budget":"daily","partition":{"user":"alice"}}""");
            Assert.Equal((0m, 0m, 1m), (account.GetProperty("settled").GetDecimal(), account.GetProperty("held").GetDecimal(), account.GetProperty("available").GetDecimal()));
            Assert.Equal(200, await api.WorkAsync());
            lease.ReportCost(0.60m);
        }

        BudgetBalance balance = await api.App.BalanceAsync();
        Assert.Equal((0.10m, 0m), (balance.Settled, balance.Held));
        Assert.Contains("reset budget daily for user alice, of which 1", Assert.Single(LinesOf(api, "AccountReset")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_that_changes_in_the_configuration_keeps_what_was_spent_and_what_was_topped_up()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await api.App.SpendAsync(0.70m);
        await api.PostAsync("/accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":0.50}""");
        ((IConfigurationBuilder)api.App.Configuration).AddInMemoryCollection([new("BudgetGuard:Budgets:daily:Limit", "2")]);
        JsonElement account = (await api.GetAsync("/accounts?budget=daily&user=alice"))[0];
        Assert.Equal((2.5m, 0.7m), (account.GetProperty("limit").GetDecimal(), account.GetProperty("settled").GetDecimal()));
        await api.App.SpendAsync(1.80m);
        Assert.Equal(402, await api.WorkAsync());
    }

    [Fact]
    public async Task A_partition_that_shares_one_account_with_others_can_be_neither_topped_up_nor_reset()
    {
        await using ApiApp api = await ApiApp.StartAsync("""{"MaxTrackedPartitions":1,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""");
        await api.WorkAsync("alice");
        await api.WorkAsync("bob");
        Assert.Equal(409, (await api.SendAsync("POST", "/accounts/topup", """{"budget":"daily","partition":{"user":"bob"},"amount":1}""")).Status);
        Assert.Equal(409, (await api.SendAsync("POST", "/accounts/reset", """{"budget":"daily","partition":{"user":"bob"}}""")).Status);
        Assert.Equal(2, (await api.GetAsync("/accounts?budget=daily")).GetArrayLength());
    }

    [Fact]
    public async Task T190_own_accounts_are_the_callers_and_nobody_elses()
    {
        await using ApiApp api = await ApiApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"models":{"Limit":5,"Period":"Day","Per":["User","Operation"]},"org":{"Limit":9,"Period":"Day"},"vips":{"Limit":9,"Period":"Day","Per":["User"],"Match":{"Users":["vip*"]}}}}""",
            static group => group.RequireAdminKey(ApiApp.AdminKey).AllowOwnAccounts(static context => context.Request.Headers["X-Caller"] == "known"));
        await api.WorkAsync("alice");
        await api.WorkAsync("bob");
        JsonElement own = await api.GetAsync("/me", ("X-Caller", "known"), ("X-User-ID", "alice"));
        Assert.Equal(["daily", "models"], own.EnumerateArray().Select(static row => row.GetProperty("budget").GetString()!));
        Assert.Equal(["alice"], UsersOf(own).Distinct());
        Assert.All(own.EnumerateArray(), static row => Assert.Equal(0.1m, row.GetProperty("settled").GetDecimal()));

        // The credential of a caller opens nothing else, and nothing is told of who exists.
        foreach (string path in api.Paths().Where(static path => !path.EndsWith("/me", StringComparison.Ordinal)))
        {
            Assert.Equal(401, (await api.SendAsync("GET", path, null, ("X-Caller", "known"))).Status);
        }

        Assert.Equal(
            (await api.SendAsync("GET", "/accounts?budget=daily&user=bob", null, ("X-Caller", "known"))).Body,
            (await api.SendAsync("GET", "/accounts?budget=daily&user=nobody", null, ("X-Caller", "known"))).Body);
        Assert.Equal(401, (await api.SendAsync("GET", "/me", null, ("X-User-ID", "alice"))).Status);
    }

    private static async Task<decimal> LimitAsync(ApiApp api) => (await api.GetAsync("/accounts?budget=daily&user=alice"))[0].GetProperty("limit").GetDecimal();

    private static string[] UsersOf(JsonElement accounts) =>
        [.. accounts.EnumerateArray().Select(static row => row.GetProperty("partition").GetProperty("user").GetString()!).Order(StringComparer.Ordinal)];

    private static FakeLogLine[] LinesOf(ApiApp api, string name) =>
        [.. api.App.Logs.GetSnapshot().Where(line => line.Id.Name == name).Select(static line => new FakeLogLine(line.Level, line.Message))];

    private sealed record FakeLogLine(LogLevel Level, string Text);
}
