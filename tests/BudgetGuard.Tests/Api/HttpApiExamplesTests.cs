using System.Text.Json;
using BudgetGuard.Tests.Administration;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Api;

/// <summary>The requests of the HTTP contract as it writes them, and that answers have the members that it names, of their types, and no others.</summary>
public sealed class HttpApiExamplesTests
{
    private const string Budgets =
        """
        {"AsyncProcessing":false,"Budgets":{
            "daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[0.05]},
            "month":{"Limit":100,"Period":"Month","Mode":"Shadow"},
            "tokens":{"Tokens":1000000,"Rolling":"10m","Per":["User","Model"],"OnExceeded":"Alert"},
            "burst":{"Requests":100,"Period":"Minute","Per":["User"]},
            "lanes":{"Concurrency":50}}}
        """;

    private const string Account =
        """
        {"budget":"=daily","partition":{"user":"=alice"},"window_start":"time","resets_at":"time",
         "limit":"number","settled":"number","held":"number","debt":"number","available":"number"}
        """;

    private const string OwnAccount =
        """
        {"budget":"text","partition":{"user":"=alice","model?":"text|null"},"window_start":"time|null","resets_at":"time|null",
         "limit":"number","settled":"number","held":"number","debt":"number","available":"number"}
        """;

    private const string Decision =
        """
        {"at":"time","user":"text","operation":"text","model":"text|null","decision":"=allow|=throttle|=reject","budget":"text|null",
         "estimated":"number","cost":"number|null","reason":"text|null"}
        """;

    private const string Delivery = """[{"sink":"text","outcome":"text","failure":"text|null"}]""";

    private const string Alert =
        $$"""
        {"id":"text","type":"text","severity":"text","at":"time","budget":"text|null","partition":{"*":"text|null"},"threshold":"number|null",
         "limit":"number|null","used":"number|null","message":"text","delivery":{{Delivery}}}
        """;

    private const string Problem = """{"type":"text","title":"text","status":"count","detail":"text","field?":"text","retry_after?":"count"}""";

    private const string Allow =
        """
        {"decision":"=allow","hold_id":"text","estimated_cost":"number","expires_at":"time","budget":"text|null","remaining":"number|null","degraded?":"true"}
        """;

    private const string Denial =
        """
        {"decision":"=throttle|=reject","status":"count","retry_after":"count|null","headers":{"Content-Type":"=application/json","Cache-Control":"=no-store",
         "Retry-After?":"text","x-should-retry?":"=false"},
         "body":{"error":"text","decision":"text","user_id":"text","model":"text|null","retry_after":"count|null","budget":"text","operation":"text",
         "resets_at":"time|null","reason?":"text"}}
        """;

    private const string Question = """{"user":"alice","estimated_cost":0.02}""";

    private static readonly (string, string)[] _caller = [("Authorization", "Bearer " + ApiApp.AdminKey), ("X-User-ID", "alice")];

    /// <summary>The table of the API: request, body, shape of the answer.</summary>
    public static TheoryData<string, string?, string> Table { get; } = new()
    {
        {
            "GET /budgets", null,
            """
            [{"name":"text","unit":"=usd|=tokens|=requests|=concurrency","limit":"number","window":"=day|=month|=minute|=rolling|=total","per":"texts",
              "on_exceeded":"=throttle|=reject|=alert","mode":"=enforce|=shadow"}]
            """
        },
        { "GET /accounts?budget=daily&user=alice", null, $"[{Account}]" },
        { "GET /accounts?budget=daily&user=nobody-yet", null, $"[{Account.Replace("=alice", "=nobody-yet", StringComparison.Ordinal)}]" },
        { "POST /accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":5}""", Account },
        { "POST /accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":0.000000001,"until":"2026-06-11T00:00:00Z"}""", Account },
        { "POST /accounts/reset", """{"budget":"daily","partition":{"user":"alice"}}""", Account },
        { "GET /spend?from=2026-06-10T00:00:00Z&to=2026-06-11T00:00:00Z&group_by=user,model,operation,budget&interval=hour", null, Spend("\"budget\":\"text|null\",") },
        { "GET /spend?interval=day", null, Spend() },
        { "GET /spend", null, Spend() },
        { "GET /decisions?limit=100", null, $"[{Decision}]" },
        {
            "GET /explain?method=POST&path=/v1/chat/completions&user=alice&operation=chat&model=gpt-4o&cost=0.02", null,
            """
            {"guarded":"true","why":"text","budgets":[{"name":"text","partition":{"user?":"=alice","model?":"=gpt-4o"},"available":"number",
             "decision":"=allow|=throttle|=reject"}],"decision":"=allow|=throttle|=reject"}
            """
        },
        { "GET /alerts?limit=50", null, $"[{Alert}]" },
        { "POST /alerts/test", """{"sink":"log"}""", """{"sink":"=log","delivered":"true","failure":"null"}""" },
        { "GET /me", null, $"[{OwnAccount}]" },
        { "POST /decisions", """{"id":"job-17","user":"alice","operation":"chat","model":"gpt-4o","team":"red","estimated_cost":0.02,"ttl_seconds":120}""", Allow },
        {
            "POST /decisions",
            """
            {"user":"alice","path":"/v1/chat/completions","request":{"model":"gpt-4o","max_tokens":500,"messages":[{"role":"user","content":"Hi"}]}}
            """,
            Allow
        },
        { "POST /decisions", """{"user":"alice"}""", Allow },
        { "POST /decisions", """{"user":"alice","estimated_cost":0.95}""", Denial },
        { "POST /decisions", """{"user":"alice","estimated_cost":1.5}""", Denial },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Answers_have_the_members_that_are_documented_and_no_others(string request, string? body, string shape)
    {
        await using ApiApp api = await StartAsync();
        await api.WorkAsync();
        Assert.Equal(402, (int)(await api.App.PostAsync("/dear", "{}")).StatusCode);
        JsonShape.Check(shape, await AskAsync(api, request, body));
    }

    [Theory]
    [InlineData("POST /accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":5,"untill":"2026-06-11T00:00:00Z"}""", 400)]
    [InlineData("POST /accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":"5"}""", 400)]
    [InlineData("POST /accounts/reset", """{"budget":"other","partition":{"user":"alice"}}""", 404)]
    [InlineData("POST /alerts/test", """{"sink":"other"}""", 404)]
    [InlineData("GET /accounts?budget=daily&usr=alice", null, 400)]
    [InlineData("GET /decisions?limit=many", null, 400)]
    [InlineData("POST /decisions", """{"user":"alice","estimated_costs":0.02}""", 400)]
    [InlineData("POST /decisions", """{"user":"alice","estimated_cost":"0.02"}""", 400)]
    [InlineData("POST /holds/none/settle", """{"cost":0.02}""", 404)]
    public async Task What_is_wrong_is_told_as_a_problem(string request, string? body, int status)
    {
        await using ApiApp api = await StartAsync();
        JsonElement problem = await AskAsync(api, request, body, status);
        JsonShape.Check(Problem, problem);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("""{"cost":0.0031}""", 0.0031)]
    [InlineData("""{"model":"gpt-4o","usage":{"prompt_tokens":812,"completion_tokens":64,"total_tokens":876}}""", 0.00267)]
    [InlineData("""{"model":"claude-sonnet-4-6","usage":{"input_tokens":100,"output_tokens":20}}""", 0.0006)]
    public async Task A_settlement_is_answered_with_its_cost_again_the_same_and_at_another_cost_with_409(string settlement, double cost)
    {
        await using ApiApp api = await StartAsync();
        string settle = $"POST /holds/{await HoldAsync(api)}/settle";
        for (int i = 0; i < 2; i++)
        {
            JsonElement answer = await AskAsync(api, settle, settlement);
            JsonShape.Check("""{"cost":"number"}""", answer);
            Assert.Equal((decimal)cost, answer.GetProperty("cost").GetDecimal());
        }

        JsonShape.Check(Problem, await AskAsync(api, settle, """{"cost":0.5}""", 409));
        Assert.Equal((decimal)cost, (await api.App.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task A_settlement_counts_after_the_hold_expired()
    {
        await using ApiApp api = await StartAsync();
        string hold = await HoldAsync(api, """{"user":"alice","estimated_cost":0.02,"ttl_seconds":1}""");
        api.App.Time.Advance(TimeSpan.FromSeconds(2));
        JsonShape.Check("""{"cost":"number"}""", await AskAsync(api, $"POST /holds/{hold}/settle", """{"cost":0.05}"""));
        Assert.Equal((0.05m, 0m), await BooksAsync(api));
    }

    [Fact]
    public async Task An_extension_is_answered_as_a_decision_is()
    {
        await using ApiApp api = await StartAsync();
        string hold = await HoldAsync(api);
        JsonElement more = await AskAsync(api, $"POST /holds/{hold}/extend", """{"cost":0.01}""");
        JsonShape.Check(Allow, more);
        Assert.Equal((hold, 0.03m), (more.GetProperty("hold_id").GetString(), more.GetProperty("estimated_cost").GetDecimal()));
        JsonShape.Check(Denial, await AskAsync(api, $"POST /holds/{hold}/extend", """{"cost":5}"""));
        Assert.Equal((0m, 0.03m), await BooksAsync(api));
    }

    [Fact]
    public async Task A_release_is_204_also_when_the_hold_is_over()
    {
        await using ApiApp api = await StartAsync();
        string hold = await HoldAsync(api);
        for (int i = 0; i < 2; i++)
        {
            (int status, string body, _) = await api.SendAsync("DELETE", $"/holds/{hold}", null, _caller);
            Assert.Equal((204, ""), (status, body));
            Assert.Equal((0m, 0m), await BooksAsync(api));
        }
    }

    [Fact]
    public async Task An_id_is_one_hold_while_it_is_held_and_409_with_another_payload_or_when_it_is_over()
    {
        await using ApiApp api = await StartAsync();
        const string question = """{"id":"job-17","user":"alice","estimated_cost":0.02}""";
        string hold = await HoldAsync(api, question);
        Assert.Equal(hold, await HoldAsync(api, question));
        Assert.Equal((0m, 0.02m), await BooksAsync(api));
        JsonShape.Check(Problem, await AskAsync(api, "POST /decisions", """{"id":"job-17","user":"alice","estimated_cost":0.03}""", 409));
        await AskAsync(api, $"POST /holds/{hold}/settle", """{"cost":0.02}""");
        JsonShape.Check(Problem, await AskAsync(api, "POST /decisions", question, 409));
    }

    [Theory]
    [InlineData("GET /authorize?profile=nginx", "X-Original-URI", "X-Original-Method", 204, 403)]
    [InlineData("POST /authorize/work", "X-Ignored", "X-Ignored-Too", 200, 402)]
    [InlineData("GET /authorize?profile=traefik", "X-Forwarded-Uri", "X-Forwarded-Method", 200, 402)]
    public async Task A_proxy_is_answered_in_its_own_way_and_the_estimate_is_charged_at_once(string request, string uri, string method, int allowed, int denied)
    {
        await using ApiApp api = await StartAsync();
        (string, string)[] headers = [.. _caller, (uri, "/work"), (method, "POST")];
        string[] words = request.Split(' ');
        Assert.Equal(allowed, (await api.SendAsync(words[0], words[1], null, headers)).Status);
        Assert.Equal((0.01m, 0m), await BooksAsync(api));
        await api.App.SpendAsync(0.99m);
        (int status, string body, HttpResponseMessage answer) = await api.SendAsync(words[0], words[1], null, headers);
        Assert.Equal(denied, status);
        Assert.Equal("reject", ApiApp.Parse(body).GetProperty("decision").GetString());
        Assert.Equal(allowed == 204, answer.Headers.TryGetValues("X-BudgetGuard-Status", out IEnumerable<string>? statuses));
        Assert.Equal(allowed == 204 ? "402" : null, statuses?.Single());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_the_store_is_down_an_answer_says_so(bool isOpen)
    {
        FlakyTracker store = new();
        await using ApiApp api = await StartAsync(store, isOpen ? "true" : "false");
        store.Fault = new IOException("down");
        JsonElement answer = await AskAsync(api, "POST /decisions", Question, isOpen ? 200 : 503);
        JsonShape.Check(isOpen ? Allow : Problem, answer);
        Assert.True(isOpen ? answer.GetProperty("degraded").GetBoolean() : answer.GetProperty("retry_after").GetInt32() == 1);
    }

    [Fact]
    public async Task Events_are_the_rows_of_the_lists()
    {
        await using ApiApp api = await StartAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using HttpRequestMessage request = ApiApp.Request("GET", "/events", null, _caller);
        using HttpResponseMessage answer = await api.App.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token));
        await reader.ReadLineAsync(patience.Token);
        await api.WorkAsync();

        // An alert is told before it is delivered, and an account whoever it is of.
        Dictionary<string, string> shapes = new()
        {
            ["decision"] = Decision,
            ["account"] = OwnAccount.Replace("\"user\"", "\"user?\"", StringComparison.Ordinal),
            ["alert"] = Alert.Replace(Delivery, "\"list\"", StringComparison.Ordinal),
        };
        HashSet<string> missing = [.. shapes.Keys];
        while (missing.Count > 0)
        {
            if (await reader.ReadLineAsync(patience.Token) is ['e', 'v', 'e', 'n', 't', ':', ' ', .. string name])
            {
                JsonElement row = ApiApp.Parse((await reader.ReadLineAsync(patience.Token))!["data: ".Length..]);
                JsonShape.Check(shapes[name], row);
                missing.Remove(name);
            }
        }
    }

    private static string Spend(string more = "") =>
        $$"""
        [{"start":"time","user":"text|null","model":"text|null","operation":"text|null",{{more}}"requests":"count","denied":"count",
          "input_tokens":"count","output_tokens":"count","cost":"number"}]
        """;

    private static Task<ApiApp> StartAsync(FlakyTracker? store = null, string failOpen = "true") => ApiApp.StartAsync(
        Budgets,
        static group => group.RequireAdminKey(ApiApp.AdminKey),
        setup =>
        {
            setup.Keys["BudgetGuard:FailOpen"] = failOpen;
            if (store is not null)
            {
                setup.Services = store.AddTo;
            }
        },
        static web => web.MapPost("/dear", () => "done").WithCost(2m));

    private static async Task<JsonElement> AskAsync(ApiApp api, string request, string? body, int expected = 200)
    {
        string[] words = request.Split(' ');
        (int status, string text, _) = await api.SendAsync(words[0], words[1], body, _caller);
        Assert.True(status == expected, $"{status} {text}");
        return ApiApp.Parse(text);
    }

    private static async Task<string> HoldAsync(ApiApp api, string question = Question) =>
        (await AskAsync(api, "POST /decisions", question)).GetProperty("hold_id").GetString()!;

    private static async Task<(decimal Settled, decimal Held)> BooksAsync(ApiApp api)
    {
        BudgetBalance balance = await api.App.BalanceAsync();
        return (balance.Settled, balance.Held);
    }
}
