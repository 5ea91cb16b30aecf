using System.Text.Json;
using BudgetGuard.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Administration;

/// <summary>What was decided and spent, what people were told, what would become of a request, and what happens while it happens.</summary>
public sealed class HistoryApiTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Decisions_come_newest_first_with_what_they_cost_and_why()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await api.WorkAsync();
        api.App.Time.Advance(TimeSpan.FromSeconds(1));
        await api.App.SpendAsync(0.90m);
        await api.WorkAsync();
        JsonElement decisions = await api.GetAsync("/decisions");
        Assert.Equal(3, decisions.GetArrayLength());
        Assert.Equal(
            """{"at":"2026-06-10T12:00:01Z","user":"alice","operation":"work","model":null,"decision":"reject","budget":"daily","estimated":0.1,"cost":null,"reason":"budget_exceeded"}""",
            decisions[0].GetRawText());
        Assert.Equal(
            """{"at":"2026-06-10T12:00:00Z","user":"alice","operation":"work","model":null,"decision":"allow","budget":"daily","estimated":0.1,"cost":0.1,"reason":null}""",
            decisions[2].GetRawText());
        Assert.Equal(0.9m, decisions[1].GetProperty("cost").GetDecimal());
        Assert.Equal(1, (await api.GetAsync("/decisions?limit=1")).GetArrayLength());
    }

    [Fact]
    public async Task Of_decisions_the_last_are_kept_and_no_more()
    {
        await using ApiApp api = await ApiApp.StartAsync("""{"Budgets":{"daily":{"Limit":10000000,"Period":"Day","Per":["User"]}}}""");
        for (int i = 0; i < DecisionRing.Capacity + 10; i++)
        {
            await api.App.SpendAsync(i + 1);
        }

        JsonElement decisions = await api.GetAsync($"/decisions?limit={DecisionRing.Capacity}");
        Assert.Equal(DecisionRing.Capacity, decisions.GetArrayLength());
        Assert.Equal(DecisionRing.Capacity + 10, decisions[0].GetProperty("cost").GetDecimal());
        Assert.Equal(11, decisions[DecisionRing.Capacity - 1].GetProperty("cost").GetDecimal());
    }

    [Theory]
    [InlineData("/spend?to=0001-01-01T00:00:00Z")]
    [InlineData("/spend?to=0001-01-01T05:00:00Z&interval=day")]
    [InlineData("/spend?to=9999-12-31T23:59:59Z")]
    public async Task T192_The_first_and_the_last_time_there_are_do_no_harm(string path)
    {
        await using ApiApp api = await ApiApp.StartAsync();
        int status = (await api.SendAsync("GET", path)).Status;
        Assert.True(status is 200 or 400, $"{status}");
    }

    [Fact]
    public async Task Nothing_is_remembered_where_the_API_is_not_mapped()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, static _ => { });
        await app.SpendAsync(0.10m);
        GuardHistory history = app.Services.GetRequiredService<GuardHistory>();
        Assert.Empty(history.Decisions.Read(10));
        Assert.Empty(history.Spend.Read(DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
    }

    [Fact]
    public async Task Spend_is_told_by_the_hour_the_day_and_whatever_splits_it()
    {
        await using ApiApp api = await ApiApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"org":{"Limit":100,"Period":"Day"}}}""",
            map: static web => web.MapPost("/used", context =>
            {
                context.GetBudgetGuard()!.ReportUsage(new TokenUsage { Model = "gpt-4o", InputTokens = 100, OutputTokens = 20 });
                return Task.CompletedTask;
            }));
        await api.WorkAsync("alice");
        await api.WorkAsync("bob");
        api.App.Time.Advance(TimeSpan.FromHours(1));
        await api.WorkAsync("alice");
        await api.App.SpendAsync(0.80m, "alice");
        Assert.Equal(402, await api.WorkAsync("alice"));

        JsonElement spend = await api.GetAsync("/spend");
        Assert.Equal(
            """{"start":"2026-06-10T12:00:00Z","user":"alice","model":null,"operation":"work","requests":1,"denied":0,"input_tokens":0,"output_tokens":0,"cost":0.1}""",
            spend[0].GetRawText());
        Assert.Equal(
            """[{"start":"2026-06-10T00:00:00Z","user":null,"model":null,"operation":null,"requests":4,"denied":1,"input_tokens":0,"output_tokens":0,"cost":1.1}]""",
            (await api.GetAsync("/spend?group_by=&interval=day")).GetRawText());
        JsonElement budgets = await api.GetAsync("/spend?group_by=budget&interval=day");
        Assert.Equal(["daily 1.1 1", "org 1.1 0"], budgets.EnumerateArray().Select(static row => $"{row.GetProperty("budget")} {row.GetProperty("cost")} {row.GetProperty("denied")}"));
        Assert.Equal(1, (await api.GetAsync("/spend?group_by=user&from=2026-06-10T13:00:00Z&to=2026-06-10T14:00:00Z")).GetArrayLength());

        using HttpResponseMessage used = await api.App.SendAsync(HttpMethod.Post, "/used", "carol");
        JsonElement carol = (await api.GetAsync("/spend?group_by=user")).EnumerateArray().Single(static row => row.GetProperty("user").GetString() == "carol");
        Assert.Equal((100L, 20L), (carol.GetProperty("input_tokens").GetInt64(), carol.GetProperty("output_tokens").GetInt64()));
    }

    [Fact]
    public void Spend_is_bounded_in_an_hour_and_in_all()
    {
        var book = new SpendBook();
        DateTimeOffset start = GuardedApp.Start;
        for (int hour = 0; hour < 120; hour++)
        {
            for (int user = 0; user < SpendBook.MostAnHour + 5; user++)
            {
                book.Add(start.AddHours(hour), new SpendKey($"u{user}", null, "work", BudgetNames.None), new SpendSum { Requests = 1 });
            }
        }

        List<HourSpend> all = book.Read(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        Assert.InRange(all.Count, SpendBook.MostInAll - SpendBook.MostAnHour - 1, SpendBook.MostInAll);
        List<HourSpend> last = book.Read(start.AddHours(119), start.AddHours(120));
        Assert.Equal(SpendBook.MostAnHour + 1, last.Count);
        Assert.Equal(SpendBook.MostAnHour + 5, last.Sum(static one => one.Sum.Requests));
        Assert.Equal(5, last.Single(static one => one.Key == SpendKey.Other).Sum.Requests);
    }

    [Fact]
    public async Task Explain_says_what_would_happen_and_holds_nothing()
    {
        await using ApiApp api = await ApiApp.StartAsync(
            """{"ExcludePaths":["/open"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"exports":{"Limit":0.05,"Period":"Day","Explicit":true}}}""",
            map: static web =>
            {
                web.MapPost("/export/{name:alpha}", () => "done").RequireBudget("exports").WithCost(0.10m);
                web.MapGet("/free", () => "done").DisableBudgetGuard();
            });
        await api.App.SpendAsync(0.95m);

        JsonElement allowed = await api.GetAsync("/explain?method=POST&path=/x&user=bob&cost=0.5");
        Assert.Equal(
            """{"guarded":true,"why":"No filter lets it off. Every budget that applies has enough left.","budgets":[{"name":"daily","partition":{"user":"bob"},"available":1,"decision":"allow"}],"decision":"allow"}""",
            allowed.GetRawText());
        JsonElement rejected = await api.GetAsync("/explain?path=/work&user=alice");
        Assert.Equal(("reject", 0.05m), (rejected.GetProperty("decision").GetString(), rejected.GetProperty("budgets")[0].GetProperty("available").GetDecimal()));
        Assert.Equal(["daily", "exports"], (await api.GetAsync("/explain?path=/export/abc&user=bob")).GetProperty("budgets").EnumerateArray().Select(static one => one.GetProperty("name").GetString()));
        Assert.Equal(1, (await api.GetAsync("/explain?path=/export/123&user=bob")).GetProperty("budgets").GetArrayLength());
        foreach ((string query, string why) in ((string, string)[])[("path=/open/x", "ExcludePaths"), ("method=get&path=/free", "DisableBudgetGuard"), ("method=OPTIONS&path=/x", "ExcludeMethods")])
        {
            JsonElement free = await api.GetAsync("/explain?" + query);
            Assert.False(free.GetProperty("guarded").GetBoolean());
            Assert.Contains(why, free.GetProperty("why").GetString()!, StringComparison.Ordinal);
        }

        Assert.Equal((0.95m, 0m), ((await api.App.BalanceAsync()).Settled, (await api.App.BalanceAsync()).Held));
        Assert.Equal(0m, (await api.App.BalanceAsync("bob")).Settled);
    }

    [Fact]
    public async Task Alerts_are_told_with_their_delivery_and_a_sink_can_be_tried()
    {
        var sink = new Heard();
        await using ApiApp api = await ApiApp.StartAsync(
            """{"AsyncProcessing":false,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[0.5]}}}""",
            configure: setup => setup.Services = services => services.AddSingleton<IAlertSink>(sink));
        await api.App.SpendAsync(0.60m);
        await sink.Came.WaitAsync(_patience);
        JsonElement alert = (await api.GetAsync("/alerts?limit=5"))[0];
        Assert.Equal(("threshold_reached", "daily", "alice", 0.5m), (
            alert.GetProperty("type").GetString(), alert.GetProperty("budget").GetString(), alert.GetProperty("partition").GetProperty("user").GetString(),
            alert.GetProperty("threshold").GetDecimal()));
        Assert.Contains(alert.GetProperty("delivery").EnumerateArray(), static one =>
            one.GetProperty("sink").GetString() == "heard" && one.GetProperty("outcome").GetString() == "sent" && one.GetProperty("failure").ValueKind == JsonValueKind.Null);

        Assert.Equal("""{"sink":"heard","delivered":true,"failure":null}""", (await api.PostAsync("/alerts/test", """{"sink":"HEARD"}""")).GetRawText());
        Assert.Equal(404, (await api.SendAsync("POST", "/alerts/test", """{"sink":"nobody"}""")).Status);
        Assert.Equal(400, (await api.SendAsync("POST", "/alerts/test", """{"sink":"heard","url":"http://x"}""")).Status);
    }

    [Fact]
    public async Task Events_tell_of_decisions_accounts_and_alerts_and_end_with_their_listener()
    {
        await using ApiApp api = await ApiApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[0.05]}}}""");
        GuardEvents events = api.App.Services.GetRequiredService<GuardEvents>();
        using var patience = new CancellationTokenSource(_patience);
        using (HttpRequestMessage request = ApiApp.Request("GET", "/events"))
        using (HttpResponseMessage answer = await api.App.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token))
        {
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token));
            Assert.Equal(": listening", await reader.ReadLineAsync(patience.Token));
            await api.WorkAsync();
            var seen = new Dictionary<string, JsonElement>();
            while (seen.Count < 3)
            {
                string line = (await reader.ReadLineAsync(patience.Token))!;
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    seen[line[7..]] = ApiApp.Parse((await reader.ReadLineAsync(patience.Token))!["data: ".Length..]);
                }
            }

            Assert.Equal("allow", seen["decision"].GetProperty("decision").GetString());
            Assert.Equal(0.1m, seen["account"].GetProperty("settled").GetDecimal());
            Assert.Equal("threshold_reached", seen["alert"].GetProperty("type").GetString());
        }

        while (events.IsHeard)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Listeners_are_bounded_and_a_slow_one_loses_the_oldest()
    {
        await using ApiApp api = await ApiApp.StartAsync("""{"Budgets":{"daily":{"Limit":10000000,"Period":"Day","Per":["User"]}}}""");
        GuardEvents events = api.App.Services.GetRequiredService<GuardEvents>();
        var slow = events.TryListen()!;
        for (int i = 0; i < GuardEvents.QueueCapacity * 2; i++)
        {
            await api.App.SpendAsync(1);
        }

        Assert.Equal(GuardEvents.QueueCapacity, slow.Reader.Count);
        for (int i = 1; i < GuardEvents.MostListeners; i++)
        {
            Assert.NotNull(events.TryListen());
        }

        (int status, _, HttpResponseMessage answer) = await api.SendAsync("GET", "/events");
        Assert.Equal(429, status);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    private sealed class Heard : IAlertSink
    {
        private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => "heard";

        public Task Came => _came.Task;

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
        {
            _came.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}
