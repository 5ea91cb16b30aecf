using BudgetGuard.Tests.Metering;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>The table of docs/what-is-charged.md, row by row, in every unit; on Kestrel and in memory.</summary>
public sealed class OutcomeTests
{
    private const string Path = "/run/v1/chat/completions";
    private const string Answer = """{"id":"x","object":"chat.completion","model":"cheap","choices":[]}""";
    private const string WithUsage = """{"id":"x","object":"chat.completion","model":"cheap","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}""";

    // The prompt (3, 2 for hello, 4 for its message, 8 for the call) and what was on the way.
    private const long CutShortTokens = 17 + 2 + 16;
    private const decimal CutShortMoney = (17 + ((2 + 16) * 2)) / 1_000_000m;

    private static readonly Books Usage = new(0.0002m, 150, 1);
    private static readonly Books Released = new(0, 0, 1);

    private static readonly Dictionary<string, (RequestDelegate Run, Books? Charged)> Rows = new()
    {
        ["2xx with usage"] = (Writes(200, WithUsage), Usage),
        ["2xx without usage (T90)"] = (Writes(200, Answer), null),
        ["2xx without a body"] = (Writes(204, null), null),
        ["3xx without usage"] = (Writes(302, null), null),
        ["4xx with usage"] = (Writes(400, WithUsage), Usage),
        ["5xx with usage"] = (Writes(503, WithUsage), Usage),
        ["400 without usage (T98)"] = (Writes(400, Answer), Released),
        ["401 without a body (T109)"] = (Writes(401, null), Released),
        ["403 without a body (T109)"] = (Writes(403, null), Released),
        ["404 without usage (T98)"] = (Writes(404, Answer), Released),
        ["422 without usage (T98)"] = (Writes(422, Answer), Released),
        ["429 of the app's own (T98, T109)"] = (Writes(429, Answer), Released),
        ["500 without usage (T99)"] = (Writes(500, Answer), Released),
        ["502 without usage (T99)"] = (Writes(502, Answer), Released),
        ["503 without usage (T99)"] = (Writes(503, null), Released),
        ["504 (T99)"] = (Writes(504, null), null),
        ["504 with a body (T99)"] = (Writes(504, Answer), null),
        ["499 of a proxy"] = (Writes(499, null), null),
        ["exception before the response started"] = (Throws(new InvalidOperationException("broken")), Released),
        ["upstream refused the connection (T99)"] = (Throws(new HttpRequestException(HttpRequestError.ConnectionError, "refused")), Released),
        ["upstream's name unknown (T99)"] = (Throws(new HttpRequestException(HttpRequestError.NameResolutionError, "no such host")), Released),
        ["upstream cut its answer (T100)"] = (Throws(new HttpRequestException(HttpRequestError.ResponseEnded, "cut")), null),
        ["upstream cut its body (T100)"] = (Throws(new HttpIOException(HttpRequestError.ResponseEnded, "cut")), null),
        ["timeout"] = (Throws(new TimeoutException("late")), null),
        ["timeout of an HttpClient"] = (Throws(new TaskCanceledException("late", new TimeoutException())), null),
        ["cancelled by the app"] = (Throws(new OperationCanceledException()), null),
        ["exception after the response started"] = (WritesAndThrows(Answer), null),
        ["exception after an answer with usage"] = (WritesAndThrows(WithUsage), Usage),
        ["upstream cut in the middle"] = (WritesAndThrows(WithUsage[..40]), null),
        ["half an answer and no exception (T101)"] = (Writes(200, WithUsage[..^20]), null),
        ["200 that is an error (T101)"] = (Writes(200, """{"error":{"message":"overloaded","code":529}}"""), null),
        ["200 that is an error and tells usage (T101)"] = (Writes(200, $$"""{"error":{"message":"cut"},{{WithUsage[1..]}}"""), Usage),
        ["200 that is no JSON (T101)"] = (Writes(200, "<html>usage</html>"), null),
        ["stream with usage (T91)"] = (Writes(200, $"data: {WithUsage}\n\ndata: [DONE]\n\n", "text/event-stream"), Usage),
        ["stream with usage that does not say that it ends (T91)"] = (Writes(200, $"data: {WithUsage}\n\n", "text/event-stream"), Usage),
        ["stream without usage (T91)"] = (Writes(200, $"data: {Answer}\n\ndata: [DONE]\n\n", "text/event-stream"), null),
        ["stream with an error (T101)"] = (Writes(200, "event: error\ndata: {\"error\":{}}\n\n", "text/event-stream"), null),
        ["stream with an error and usage (T101)"] = (Writes(200, $"data: {{\"error\":{{\"code\":400}},{WithUsage[1..]}\n\ndata: [DONE]\n\n", "text/event-stream"), Usage),
        ["stream with a status of 500 and no usage (T99)"] = (Writes(500, "data: {\"error\":{}}\n\n", "text/event-stream"), Released),
        ["stream of lines (T91)"] = (Writes(200, WithUsage + "\n", "application/x-ndjson"), Usage),
        ["stream without a type (T91)"] = (Writes(200, $"data: {WithUsage}\n\ndata: [DONE]\n\n"), Usage),
        ["stream cut short (T100)"] = (WritesAndThrows("data: {\"choices\":[{\"delta\":{\"content\":\"word\"}}]}\n\n", "text/event-stream"), new Books(CutShortMoney, CutShortTokens, 1)),
        ["stream cut short before its first word (T100)"] = (WritesAndThrows($"data: {Answer}\n\n", "text/event-stream"), null),
        ["stream cut short behind its end, without usage (T94)"] = (WritesAndThrows($"data: {Answer}\n\ndata: [DONE]\n\n", "text/event-stream"), null),
        ["compressed answer (T111)"] = (WritesPacked("gzip", WithUsage), Usage),
        ["compressed stream (T111)"] = (WritesPacked("br", $"data: {WithUsage}\n\ndata: [DONE]\n\n"), Usage),
        ["compressed answer that is none (T111)"] = (Writes(200, WithUsage, encoding: "gzip"), null),
        ["answer in an encoding that is not read (T111)"] = (Writes(200, WithUsage, encoding: "zstd"), null),
        ["ReportUsage"] = (Reports(static guard => guard.ReportUsage(new TokenUsage { Model = "exp", InputTokens = 10, OutputTokens = 1 })), new Books(0.0002m, 11, 1)),
        ["ReportCost and usage in the answer"] = (Reports(static guard => guard.ReportCost(0.25m)), new Books(0.25m, 150, 1)),
        ["ReportCost of 0 (T110)"] = (Reports(static guard => guard.ReportCost(0)), new Books(0, 150, 1)),
        ["ReportCost behind the answer's usage"] = (ReportsBehind(0.25m), new Books(0.25m, 150, 1)),
        ["ReportCost of 0 behind the answer's usage (T110)"] = (ReportsBehind(0), new Books(0, 150, 1)),
        ["ReportUsage of 0 (T110)"] = (Reports(static guard => guard.ReportUsage(new TokenUsage())), new Books(0, 0, 1)),
    };

    public static TheoryData<string, bool> All() => EachRow.BothWays(Rows.Keys);

    [Theory]
    [MemberData(nameof(All))]
    public async Task Outcome_is_charged_once_at_what_the_table_says_and_nothing_stays_held(string row, bool useKestrel)
    {
        (RequestDelegate run, Books? charged) = Rows[row];
        Books estimate = default;
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(ends, useKestrel, async context =>
        {
            CostEstimate held = context.GetBudgetGuard()!.Request.Estimate!.Value;
            estimate = new Books(held.CostUsd, held.Tokens, 1);
            BudgetBalance open = await OpenAsync(context);
            Assert.Equal(held.CostUsd, open.Held);
            await run(context);
        });
        for (int times = 1; times <= 2; times++)
        {
            await AskAsync(app);
            await ends.NextAsync();
            Assert.True(estimate is { Money: > 0.0002m, Tokens: > 150 });
            Assert.Equal((charged ?? estimate) * times, await Books.ReadAsync(app));
        }
    }

    [Fact]
    public async Task What_is_not_admitted_is_charged_nothing()
    {
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(
            ends,
            useKestrel: true,
            Writes(200, WithUsage),
            """{"ExcludePaths":["/health"],"MaxInspectedBodyBytes":2000,"UnpricedModels":"Reject","Budgets":{"small":{"Limit":0.0001,"Period":"Day"},""" + Books.Budgets + "}}");
        (string Path, string Body, int Status)[] requests =
        [
            (Path, ChatApp.Body(), 402),
            (Path, ChatApp.Body("unknown"), 400),
            (Path, """{"model":"cheap","model":"exp"}""", 400),
            (Path, ChatApp.Body() + new string(' ', 3_000), 413),
            ("/health", "{}", 404),
        ];
        foreach ((string path, string body, int status) in requests)
        {
            using HttpResponseMessage answer = await app.PostAsync(path, body);
            Assert.Equal(status, (int)answer.StatusCode);
            await ends.NextAsync();
        }

        Assert.Equal(default, await Books.ReadAsync(app));
    }

    [Theory]
    [InlineData(200, WithUsage)]
    [InlineData(200, Answer)]
    [InlineData(500, Answer)]
    [InlineData(504, null)]
    public async Task Without_cost_tracking_every_outcome_settles_at_its_estimate_and_reports_are_not_taken(int status, string? body)
    {
        Books estimate = default;
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(
            ends,
            useKestrel: false,
            async context =>
            {
                IBudgetGuardFeature guard = context.GetBudgetGuard()!;
                estimate = new Books(guard.Request.Estimate!.Value.CostUsd, guard.Request.Estimate.Value.Tokens, 1);
                guard.ReportCost(25m);
                guard.ReportUsage(new TokenUsage { InputTokens = 1, OutputTokens = 1 });
                await Writes(status, body)(context);
            },
            """{"EnableCostTracking":false,"Budgets":{""" + Books.Budgets + "}}");
        await AskAsync(app);
        await ends.NextAsync();
        Assert.Equal(estimate, await Books.ReadAsync(app));
    }

    [Fact]
    public async Task Lease_settles_at_its_estimate_when_disposed_and_gives_everything_back_when_released()
    {
        await using GuardedApp app = await StartAsync(new EndOfRequests(), useKestrel: false, Writes(200, Answer));
        BudgetRequest request = new() { Subject = "alice", Estimate = new CostEstimate(0.25m, 700) };
        await using (await app.Guard.BeginAsync(request))
        {
        }

        Assert.Equal(new Books(0.25m, 700, 1), await Books.ReadAsync(app));
        await using (BudgetLease lease = await app.Guard.BeginAsync(request))
        {
            await lease.ReleaseAsync();
        }

        Assert.Equal(new Books(0.25m, 700, 1), await Books.ReadAsync(app));
        await using (BudgetLease lease = await app.Guard.BeginAsync(request))
        {
            lease.ReportCost(0.05m);
        }

        Assert.Equal(new Books(0.30m, 1_400, 2), await Books.ReadAsync(app));
    }

    private static async Task<BudgetBalance> OpenAsync(HttpContext context)
    {
        IReadOnlyList<BudgetBalance> balances = await context.RequestServices.GetRequiredService<IBudgetGuard>()
            .ReadAsync(new BudgetRequest { Subject = "alice" });
        return balances.Single(static balance => balance.Budget == "daily");
    }

    /// <summary>Asks and reads what comes; an answer that is cut is no failure of the test.</summary>
    private static async Task AskAsync(GuardedApp app)
    {
        try
        {
            using HttpResponseMessage answer = await app.PostAsync(Path, ChatApp.Body(maxTokens: 200));
            await answer.Content.ReadAsByteArrayAsync();
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException or InvalidOperationException or OperationCanceledException or TimeoutException)
        {
        }
    }

    private static Task<GuardedApp> StartAsync(EndOfRequests ends, bool useKestrel, RequestDelegate run, string section = Books.Section)
    {
        GuardedAppSetup setup = new() { UseKestrel = useKestrel };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Pipeline = app =>
        {
            app.Use(ends.SignalAsync);
            app.UseBudgetGuard();
            app.MapPost(Path, run);
        };
        return GuardedApp.StartAsync(section, setup);
    }

    private static RequestDelegate Writes(int status, string? body, string type = "application/json", string? encoding = null) => async context =>
    {
        context.Response.StatusCode = status;
        if (body is not null)
        {
            context.Response.ContentType = type;
            context.Response.Headers.ContentEncoding = encoding;
            await context.Response.WriteAsync(body);
        }
    };

    private static RequestDelegate Throws(Exception failure) => _ => throw failure;

    private static RequestDelegate WritesPacked(string encoding, string body) => async context =>
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.ContentEncoding = encoding;
        await context.Response.Body.WriteAsync(Packed.Pack(encoding, body));
    };

    private static RequestDelegate WritesAndThrows(string body, string type = "application/json") => async context =>
    {
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body);
        await context.Response.Body.FlushAsync();
        Assert.True(context.Features.GetRequiredFeature<IHttpResponseFeature>().HasStarted);
        throw new InvalidOperationException("broken");
    };

    private static RequestDelegate Reports(Action<IBudgetGuardFeature> report) => async context =>
    {
        report(context.GetBudgetGuard()!);
        await Writes(200, WithUsage)(context);
    };

    private static RequestDelegate ReportsBehind(decimal usd) => async context =>
    {
        await Writes(200, WithUsage)(context);
        context.GetBudgetGuard()!.ReportCost(usd);
    };
}
