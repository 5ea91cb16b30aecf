using BudgetGuard.Estimation;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Threats;

/// <summary>Streams hold their money in parts, and end where no more can be held. One token of <c>exp</c> is a hundredth of a cent of output.</summary>
public sealed class StreamHoldTests
{
    private const string Chat = "/run/v1/chat/completions";
    private const decimal Token = 0.0001m;

    [Fact]
    public async Task Stream_holds_more_ahead_of_need_and_never_less_than_was_counted()
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":100,"Period":"Day","Per":["User"]}}""");
        Task<string> answer = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        decimal first = (await run.App.BalanceAsync()).Held;
        Assert.InRange(first, 100 * Token, (100 * Token) + 0.001m);
        decimal held = first;
        for (int written = 30; written <= 3000; written += 30)
        {
            await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 30)));
            decimal now = (await run.App.BalanceAsync()).Held;

            // Thirty bytes are ten tokens at most, and sixteen may be on the way.
            Assert.True(now >= ((written / 3) + 16) * Token, $"{now} held after {written} bytes");
            Assert.InRange(now - held, 0m, 101 * Token);

            // Forty tokens and those on the way are more than half of the first hundred.
            Assert.Equal(written >= 120, now > first);
            held = now;
        }

        Assert.InRange(held, 1016 * Token, (1016 + 100) * Token + 0.001m);
        await run.WriteAsync("data: {\"model\":\"exp\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30}}\n\ndata: [DONE]\n\n");
        run.End();
        Assert.EndsWith("data: [DONE]\n\n", await answer, StringComparison.Ordinal);
        Assert.Equal((0.0001m + (20 * Token), 0m), Figures(await run.App.BalanceAsync()));
    }

    [Fact]
    public async Task Stream_never_holds_more_than_its_own_cap_lets_it_cost()
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":100,"Period":"Day","Per":["User"]}}""");
        Task<string> answer = run.AskAsync(Chat, WrittenModel.Body(Chat, 150));
        await run.ReachedAsync();
        await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 780)));
        Assert.InRange((await run.App.BalanceAsync()).Held, 150 * Token, (150 * Token) + 0.001m);
        run.End();
        await answer;
    }

    [Theory]
    [InlineData(Chat, "\"code\":\"budget_exceeded\"", "data: [DONE]\n\n")]
    [InlineData("/run/v1/completions", "\"type\":\"insufficient_quota\"", "data: [DONE]\n\n")]
    [InlineData("/run/v1/responses", "\"type\":\"error\"", "}\n\n")]
    [InlineData("/run/v1/messages", "\"type\":\"billing_error\"", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")]
    [InlineData("/run/v1beta/models/exp:streamGenerateContent", "\"status\":\"RESOURCE_EXHAUSTED\"", "}\n\n")]
    [InlineData("/run/v1beta/models/exp:streamGenerateContent?array", "\"status\":\"RESOURCE_EXHAUSTED\"", "}}]")]
    public async Task Stream_of_a_rejecting_budget_ends_with_the_words_of_its_api(string path, string error, string end)
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":0.05,"Period":"Day","Per":["User"]}}""");
        Task<string> answering = run.AskAsync(path, WrittenModel.Body(path));
        await run.ReachedAsync();
        int written = 0;
        while (!run.IsCancelled && written < 1000)
        {
            await run.WriteAsync(WrittenModel.Delta(path, $"piece {written++} of the answer "));
        }

        await run.CancelledAsync();
        string answer = await answering;
        Assert.EndsWith(end, answer, StringComparison.Ordinal);
        Assert.Contains(error, answer, StringComparison.Ordinal);
        Assert.Contains("has nothing left", answer, StringComparison.Ordinal);
        Assert.Equal(string.Concat(run.Written), answer[..answer.LastIndexOf(ErrorStart(path), StringComparison.Ordinal)]);
        (decimal settled, decimal held) = Figures(await run.App.BalanceAsync());
        Assert.Equal(0m, held);
        Assert.InRange(settled, written * 5 * Token, 0.05m);
    }

    [Fact]
    public async Task Stream_that_is_cut_inside_an_event_ends_behind_it()
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":0.02,"Period":"Day","Per":["User"]}}""");
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        string delta = WrittenModel.Delta(Chat, new string('x', 900));
        await run.WriteAsync(delta[..^9]);
        Assert.False(run.IsCancelled);
        await run.WriteAsync(delta[^9..] + "data: {\"cho");
        await run.CancelledAsync();
        string answer = await answering;
        Assert.StartsWith(delta + "data: {\"error\"", answer, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Throttle", "", false)]
    [InlineData("Throttle", "\"OnStreamExhausted\":\"Cut\",", true)]
    [InlineData("Reject", "\"OnStreamExhausted\":\"Finish\",", false)]
    [InlineData("Reject", "", true)]
    [InlineData("Alert", "\"OnStreamExhausted\":\"Cut\",", false)]
    public async Task Setting_or_else_the_refusing_budget_says_whether_a_stream_is_cut(string onExceeded, string setting, bool isCut)
    {
        await using WrittenModel run = await WrittenModel.StartAsync(
            $$$"""{"daily":{"Limit":0.02,"Period":"Day","Per":["User"],"OnExceeded":"{{{onExceeded}}}"}}""", setting);
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        for (int i = 0; i < 20; i++)
        {
            await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 60)));
        }

        Assert.Equal(isCut, run.IsCancelled);
        await run.WriteAsync("data: [DONE]\n\n");
        run.End();
        Assert.Equal(isCut, (await answering).Contains("budget_exceeded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stream_goes_on_where_money_came_back_before_what_it_holds_was_used()
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":0.03,"Period":"Day","Per":["User"]}}""");
        BudgetLease other = await run.App.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.015m });
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 180)));
        other.ReportCost(0m);
        await other.DisposeAsync();
        await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 240)));
        Assert.False(run.IsCancelled);
        run.End();
        await answering;
    }

    [Theory]
    [InlineData("/run/v1/messages", """{"model":"exp","stream":true,"max_tokens":5000,"thinking":{"type":"enabled","budget_tokens":4000},"messages":[{"role":"user","content":"hello"}]}""")]
    [InlineData("/run/v1/responses", """{"model":"exp","stream":true,"background":true,"max_output_tokens":5000,"input":"hello"}""")]
    public async Task Stream_that_may_cost_what_nobody_sees_holds_all_it_may_cost_and_pays_that_when_it_is_cut(string path, string body)
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":100,"Period":"Day","Per":["User"]}}""");
        Task<string> answering = run.AskAsync(path, body);
        await run.ReachedAsync();
        await run.WriteAsync(WrittenModel.Delta(path, "one word"));
        Assert.InRange((await run.App.BalanceAsync()).Held, 5000 * Token, (5000 * Token) + 0.01m);
        run.App.Client.CancelPendingRequests();
        await run.CancelledAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => answering);
        await run.OverAsync();
        Assert.InRange((await run.App.BalanceAsync()).Settled, 5000 * Token, (5000 * Token) + 0.01m);
    }

    [Theory]
    [InlineData("{\"choices\":[{\"delta\":{\"audio\":{\"id\":\"a\",\"data\":\"$\"}}}]}")]
    [InlineData("{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"$\"}}]}}]}")]
    public async Task Sound_and_images_of_a_stream_that_is_cut_are_counted(string chunk)
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":100,"Period":"Day","Per":["User"]}}""");
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        await run.WriteAsync("data: " + chunk.Replace("$", new string('A', 64_000), StringComparison.Ordinal) + "\n\n");
        run.App.Client.CancelPendingRequests();
        await run.CancelledAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => answering);
        await run.OverAsync();
        Assert.InRange((await run.App.BalanceAsync()).Settled, 1000 * Token, 1100 * Token);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task Stream_that_writes_on_behind_its_own_cap_is_ended_all_the_same(int cap)
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":0.05,"Period":"Day","Per":["User"]}}""");
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat, cap));
        await run.ReachedAsync();
        for (int i = 0; i < 200 && !run.IsCancelled; i++)
        {
            await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 60)));
        }

        await run.CancelledAsync();
        Assert.Contains("budget_exceeded", await answering, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"late\"},\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"cost\":0}}\n\n")]
    [InlineData("")]
    public async Task Usage_that_leaves_out_what_was_written_is_not_all_that_is_charged(string last)
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":100,"Period":"Day","Per":["User"]}}""");
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        await run.WriteAsync("data: {\"model\":\"exp\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":5,\"total_tokens\":10}}\n\n");
        await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 600)));
        await run.WriteAsync(last + "data: [DONE]\n\n");
        run.End();
        await answering;
        await run.OverAsync();
        Assert.InRange((await run.App.BalanceAsync()).Settled, 200 * Token, 100m);
    }

    [Theory]
    [InlineData("gpt-5-mini", true)]
    [InlineData("openai/o3-pro", true)]
    [InlineData("gemini-2.5-flash", true)]
    [InlineData("gpt-5-chat-latest", false)]
    [InlineData("gpt-4o", false)]
    [InlineData("claude-sonnet-4-5", false)]
    public void Models_that_keep_their_thoughts_are_known_by_name(string model, bool isKnown) =>
        Assert.Equal(isKnown, UnseenWork.IsIn(new ModelRequest(), model));

    [Fact]
    public async Task Compressed_stream_that_has_to_end_is_broken_off()
    {
        await using WrittenModel run = await WrittenModel.StartAsync("""{"daily":{"Limit":0.02,"Period":"Day","Per":["User"]}}""");
        run.IsCompressed = true;
        Task<string> answering = run.AskAsync(Chat, WrittenModel.Body(Chat));
        await run.ReachedAsync();
        for (int i = 0; i < 40 && !run.IsCancelled; i++)
        {
            await run.WriteAsync(WrittenModel.Delta(Chat, new string('x', 60)));
        }

        await run.CancelledAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => answering);
    }

    private static string ErrorStart(string path) =>
        path.EndsWith("array", StringComparison.Ordinal) ? ",{\"error\""
        : path.EndsWith("responses", StringComparison.Ordinal) || path.EndsWith("messages", StringComparison.Ordinal) ? "event: error"
        : "data: {\"error\"";

    private static (decimal Settled, decimal Held) Figures(BudgetBalance balance) => (balance.Settled, balance.Held);
}
