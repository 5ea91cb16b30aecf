using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Alerts;

/// <summary>What an alert says, to the letter, and what it never says.</summary>
public sealed class AlertContentTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 6, 10, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Threshold_says_all_of_its_fields()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        app.App.Time.Advance(TimeSpan.FromMinutes(3));
        await app.AskAsync(0.60m);
        AssertAlert(Assert.Single(await app.StopAsync()), new BudgetAlert
        {
            Id = default,
            IncidentKey = string.Empty,
            Type = "threshold_reached",
            Severity = AlertSeverity.Information,
            At = GuardedApp.Start.AddMinutes(3),
            Budget = "daily",
            Unit = BudgetUnit.Usd,
            Partition = ["alice"],
            WindowStart = Midnight,
            ResetsAt = Midnight.AddDays(1),
            Threshold = 0.5m,
            Limit = 1m,
            Used = 0.6m,
            Utilization = 0.6m,
            Operation = "api_call",
            Message = "Budget daily (alice): 50 % reached, 0.6 of 1 USD used",
        });
    }

    [Fact]
    public async Task Exceeded_budget_says_all_of_its_fields()
    {
        await using AlertApp app = await AlertApp.StartAsync("""{"Budgets":{"org":{"Limit":2,"Period":"Month","TimeZone":"Europe/Berlin","AlertAt":[]}}}""");
        await app.AskAsync(1.50m);
        await app.AskAsync(0.75m, "bob");
        AssertAlert(Assert.Single(await app.StopAsync()), new BudgetAlert
        {
            Id = default,
            IncidentKey = string.Empty,
            Type = "budget_exceeded",
            Severity = AlertSeverity.Critical,
            At = GuardedApp.Start,
            Budget = "org",
            Unit = BudgetUnit.Usd,
            Partition = [],
            WindowStart = new DateTimeOffset(2026, 5, 31, 22, 0, 0, TimeSpan.Zero),
            ResetsAt = new DateTimeOffset(2026, 6, 30, 22, 0, 0, TimeSpan.Zero),
            Threshold = null,
            Limit = 2m,
            Used = 1.5m,
            Utilization = 0.75m,
            Operation = "api_call",
            Message = "Budget org: requests are rejected, 1.5 of 2 USD used",
        });
    }

    [Fact]
    public async Task Activated_throttling_says_all_of_its_fields()
    {
        await using AlertApp app = await AlertApp.StartAsync("""{"Budgets":{"rpm":{"Requests":3,"Period":"Minute","Per":["User","Team"],"AlertAt":[]}}}""");
        for (int i = 0; i < 5; i++)
        {
            await app.AskAsync(0.01m);
        }

        AssertAlert(Assert.Single(await app.StopAsync()), new BudgetAlert
        {
            Id = default,
            IncidentKey = string.Empty,
            Type = "throttling_activated",
            Severity = AlertSeverity.Warning,
            At = GuardedApp.Start,
            Budget = "rpm",
            Unit = BudgetUnit.Requests,
            Partition = ["alice", null],
            WindowStart = GuardedApp.Start,
            ResetsAt = GuardedApp.Start.AddMinutes(1),
            Threshold = null,
            Limit = 3m,
            Used = 3m,
            Utilization = 1m,
            Operation = "api_call",
            Message = "Budget rpm (alice, none): requests are throttled, 3 of 3 requests used",
        });
    }

    [Fact]
    public async Task Total_that_throttles_rejects_and_so_says_its_alert()
    {
        await using AlertApp app = await AlertApp.StartAsync("""{"Budgets":{"trial":{"Limit":1,"Period":"Total","OnExceeded":"Throttle","AlertAt":[]}}}""");
        await app.AskAsync(1m);
        Assert.Equal(402, await app.AskAsync(0.01m));
        BudgetAlert alert = Assert.Single(await app.StopAsync());
        Assert.Equal((AlertTypes.BudgetExceeded, AlertSeverity.Critical, null, null), (alert.Type, alert.Severity, alert.WindowStart, alert.ResetsAt));
    }

    [Theory]
    [InlineData("\"Mode\":\"Shadow\"", AlertTypes.BudgetExceeded)]
    [InlineData("\"Mode\":\"Shadow\",\"OnExceeded\":\"Throttle\"", AlertTypes.ThrottlingActivated)]
    [InlineData("\"OnExceeded\":\"Alert\"", AlertTypes.BudgetExceeded)]
    public async Task Budget_that_never_denies_tells_all_the_same_and_claims_no_denial(string how, string type)
    {
        await using AlertApp app = await AlertApp.StartAsync($$"""{ "Budgets": { "watched": { "Limit": 1, "Period": "Day", "Per": ["User"], {{how}} } } }""");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, await app.AskAsync(0.80m));
        }

        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal([(AlertTypes.ThresholdReached, 0.8m), (type, null), (AlertTypes.ThresholdReached, 1m), (type, null)], alerts.Select(alert => (alert.Type, alert.Threshold)));
        Assert.Equal(AlertSeverity.Warning, alerts[1].Severity);
        Assert.Equal("Budget watched (alice): its limit is exceeded, no request is denied, 0.8 of 1 USD used", alerts[1].Message);
        Assert.Equal((1.6m, 1.6m), (alerts[2].Used, alerts[2].Utilization));
    }

    [Fact]
    public async Task Without_throttling_every_budget_only_tells()
    {
        await using AlertApp app = await AlertApp.StartAsync("""{"EnableThrottling":false,"Budgets":{"daily":{"Limit":1,"Period":"Day","AlertAt":[]}}}""");
        Assert.Equal(200, await app.AskAsync(1m));
        Assert.Equal(200, await app.AskAsync(1m));
        Assert.Contains("no request is denied", Assert.Single(await app.StopAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reported_cost_above_the_estimate_is_in_the_figures()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        Assert.Equal(200, await app.AskAsync(0.10m, actual: 2.50m));
        BudgetAlert alert = Assert.Single(await app.StopAsync());
        Assert.Equal((1.0m, 2.5m, 2.5m, 1m), (alert.Threshold, alert.Used, alert.Utilization, alert.Limit));
    }

    [Fact]
    public async Task Token_budget_counts_tokens()
    {
        FakeModel model = new() { InputTokens = 60, OutputTokens = 20 };
        await using GuardedApp app = await StartModelAsync(model, """{"Budgets":{"tokens":{"Tokens":1000,"Period":"Day","AlertAt":[0.08]}}}""");
        using HttpResponseMessage answer = await app.PostAsync(ChatApp.Chat, ChatApp.Body());
        BudgetAlert alert = Assert.Single(await StopAsync(app));
        Assert.Equal((BudgetUnit.Tokens, 80m, 1000m, 0.08m), (alert.Unit, alert.Used, alert.Limit, alert.Utilization));
        Assert.Equal("Budget tokens: 8 % reached, 80 of 1000 tokens used", alert.Message);
    }

    [Fact]
    public async Task Log_line_says_type_message_and_reset_at_the_level_of_the_severity()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        await app.AskAsync(1.00m);
        await app.AskAsync(0.10m);
        await app.StopAsync();
        Assert.Equal(
            [
                (LogLevel.Error, "threshold_reached: Budget daily (alice): 100 % reached, 1 of 1 USD used; starts anew 2026-06-11T00:00:00.0000000+00:00"),
                (LogLevel.Error, "budget_exceeded: Budget daily (alice): requests are rejected, 1 of 1 USD used; starts anew 2026-06-11T00:00:00.0000000+00:00"),
            ],
            AlertLines(app.App).Select(record => (record.Level, record.Message)));
    }

    [Fact]
    public async Task T183_Neither_prompt_nor_key_nor_answer_is_in_an_alert_or_in_the_guards_log()
    {
        await using GuardedApp app = await StartModelAsync(
            new FakeModel(),
            """{"EnableRequestLogging":true,"Budgets":{"daily":{"Limit":0.0004,"Period":"Day","Per":["User"],"AlertAt":[0.1]}}}""",
            static setup => setup.LogLevel = LogLevel.Trace);
        app.Client.DefaultRequestHeaders.Add("Authorization", "Bearer CANARY-key");
        int[] statuses = [0, 0, 0];
        for (int i = 0; i < statuses.Length; i++)
        {
            using HttpResponseMessage answer = await app.PostAsync(
                ChatApp.Chat + "?key=CANARY-query", """{"model":"cheap","max_tokens":100,"messages":[{"role":"user","content":"CANARY-prompt"}]}""");
            statuses[i] = (int)answer.StatusCode;
        }

        Assert.Equal([200, 402, 402], statuses);
        IReadOnlyList<BudgetAlert> alerts = await StopAsync(app);
        Assert.Equal([AlertTypes.ThresholdReached, AlertTypes.BudgetExceeded], alerts.Select(alert => alert.Type));
        Assert.DoesNotContain("CANARY", JsonSerializer.Serialize(alerts), StringComparison.OrdinalIgnoreCase);
        IEnumerable<string> lines = app.Logs.GetSnapshot().Where(record => record.Category!.StartsWith("BudgetGuard", StringComparison.Ordinal)).Select(Text);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.DoesNotContain("CANARY", line, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task T183_Control_characters_of_a_user_id_never_reach_an_alert()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.UseUserExtractor(static context => context.Request.Query["as"].ToString()));
        foreach (string user in (string[])["eve%0D%0Athreshold_reached:%20forged", "eve%1B%5B2J", "eve%E2%80%A8forged", "eve%E2%80%AEforged"])
        {
            using HttpResponseMessage refused = await app.App.GetAsync($"/api/work?usd=1.00&as={user}");
            Assert.Equal(400, (int)refused.StatusCode);
        }

        using HttpResponseMessage allowed = await app.App.GetAsync("/api/work?usd=1.00&as=%D0%95%D0%B2%D0%B0%20%26%20%3Cb%3E");
        Assert.Equal(200, (int)allowed.StatusCode);
        Assert.Equal("Ева & <b>", Assert.Single(await app.StopAsync()).Partition.Single());
        Assert.Single(AlertLines(app.App));
    }

    [Theory]
    [InlineData(ChatApp.Chat, "x\u2028budget_exceeded: forged\u202Ey", "x?budget_exceeded: forged?y")]
    [InlineData("/v1beta/models/x%0D%0Abudget_exceeded:%20forged%1B:generateContent", "", "x??budget_exceeded: forged?")]
    public async Task T183_What_a_model_name_has_of_control_characters_forges_no_line_of_the_log(string path, string model, string shown)
    {
        await using GuardedApp app = await StartModelAsync(
            new FakeModel { TellsUsage = false }, """{"Budgets":{"models":{"Limit":0.01,"Period":"Day","Per":["Model"],"AlertAt":[1.0]}}}""");
        using HttpResponseMessage answer = await app.PostAsync(path, model.Length == 0
            ? """{"contents":[{"parts":[{"text":"hi"}]}]}"""
            : $$"""{"model":"{{model}}","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal($"Budget models ({shown}): 100 % reached, 0.01 of 0.01 USD used", Assert.Single(await StopAsync(app), IsThreshold).Message);
        Assert.Equal(2, AlertLines(app).Count());
        Assert.All(AlertLines(app), static line => Assert.DoesNotContain(line.Message, static c => char.IsControl(c) || c is '\u2028' or '\u202E'));

        // That the model has no price is told as well.
        static bool IsThreshold(BudgetAlert alert) => alert.Type == AlertTypes.ThresholdReached;
    }

    private static void AssertAlert(BudgetAlert actual, BudgetAlert expected)
    {
        Assert.NotEqual(default, actual.Id);
        Assert.Matches("^[0-9a-f]{32}$", actual.IncidentKey);
        Assert.Equal(expected.Partition, actual.Partition);
        Assert.Equal(actual.Partition.Count, actual.Per.Count);
        Assert.Equal(expected, actual with { Id = default, IncidentKey = string.Empty, Per = expected.Per, Partition = expected.Partition, Items = expected.Items, Claim = null });
    }

    private static IEnumerable<FakeLogRecord> AlertLines(GuardedApp app) => app.Logs.GetSnapshot().Where(static record => record.Category == "BudgetGuard.Alerts");

    private static string Text(FakeLogRecord record) =>
        string.Join('\n', [record.Message, record.Exception?.ToString(), .. record.StructuredState!.Select(static pair => pair.Value)]);

    private static Task<GuardedApp> StartModelAsync(FakeModel model, string section, Action<GuardedAppSetup>? configure = null) => GuardedApp.StartAsync(
        section,
        app => app.MapPost("/{**path}", model.AnswerAsync),
        setup =>
        {
            setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
            setup.Guard = static guard => guard.AddAlertSink<HeardAlerts>();
            configure?.Invoke(setup);
        });

    private static async Task<IReadOnlyList<BudgetAlert>> StopAsync(GuardedApp app)
    {
        await app.Services.GetRequiredService<IHost>().StopAsync();
        return app.Services.GetServices<IAlertSink>().OfType<HeardAlerts>().Single().All;
    }
}
