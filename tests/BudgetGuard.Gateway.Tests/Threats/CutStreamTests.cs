using System.Text;
using System.Text.Json.Nodes;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>A stream that uses its budget up ends in its own format, and the provider stops being paid.</summary>
public sealed class CutStreamTests : GatewayTests
{
    private const long Limit = 50_000_000;
    private const string Small = """{"Budgets":{"own":{"Limit":0.05,"Period":"Total","Per":["User"],"OnExceeded":"Reject"}}}""";

    [Theory]
    [InlineData(Calls.Chat, false, "data: ", "data: [DONE]\n\n")]
    [InlineData(Calls.Chat, true, "data: ", "data: [DONE]\n\n")]
    [InlineData("/v1/completions", false, "data: ", "data: [DONE]\n\n")]
    [InlineData("/v1/responses", false, "event: error\ndata: ", "")]
    [InlineData(Calls.Messages, false, "event: error\ndata: ", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")]
    [InlineData(Calls.GeminiStream, false, "data: ", "")]
    [InlineData("/v1beta/models/quill:streamGenerateContent", false, ",", "]")]
    public async Task Stream_that_uses_up_its_budget_ends_with_its_formats_error_and_end_mark(string path, bool asks, string opening, string endMark)
    {
        GatewayUnderTest gateway = await StartAsync(Small);
        ReadAhead ahead = new(12);
        Provider.Default = new Script { Tokens = 20_000, ReadAhead = ahead, Pieces = 100 };
        using StreamClient client = new(gateway.Address);
        using HttpRequestMessage request = GatewayUnderTest.Post(path, Body(path, asks));
        StreamReading reading = await client.ReadAsync(request, Marker(path), ahead);
        ProviderCall call = await Provider.ArrivedAsync();
        await call.Cancelled.WaitAsync(FakeProvider.Patience);
        Assert.Equal(200, reading.Status);
        Assert.Null(reading.Failure);

        string text = Encoding.UTF8.GetString(reading.Bytes);
        Assert.EndsWith(endMark, text, StringComparison.Ordinal);
        string before = text[..^endMark.Length];
        int at = before.LastIndexOf(opening + "{", StringComparison.Ordinal);
        JsonNode error = JsonNode.Parse(before[(at + opening.Length)..])!;
        Assert.Contains("'own'", (error["error"] ?? error)["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.StartsWith(text[..at], Encoding.UTF8.GetString(call.Answer(withoutUsageChunk: true)), StringComparison.Ordinal);
        if (endMark == "]")
        {
            Assert.NotNull(JsonNode.Parse(text));
        }

        await gateway.QuietAsync();
        Assert.InRange(call.Bill, Limit / 2, Limit + (50 * 15_000));
        Assert.True(await gateway.SettledAsync("alice") >= call.Bill);
    }

    [Fact]
    public async Task Compressed_stream_that_uses_up_its_budget_is_broken_off()
    {
        GatewayUnderTest gateway = await StartAsync(Small);
        ReadAhead ahead = new(12);
        Provider.Default = new Script { Tokens = 20_000, ReadAhead = ahead, Encoding = "gzip", EncodesAnyway = true };
        using StreamClient client = new(gateway.Address);
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Messages, Body(Calls.Messages));
        StreamReading reading = await client.ReadAsync(request, "\n\n"u8.ToArray(), ahead);
        ProviderCall call = await Provider.ArrivedAsync();
        await call.Cancelled.WaitAsync(FakeProvider.Patience);
        Assert.NotNull(reading.Failure);
        Assert.InRange(call.Bill, Limit / 2, Limit + (50 * 15_000));
    }

    [Fact]
    public async Task Stream_that_may_finish_is_passed_on_whole_and_charged_above_the_limit()
    {
        GatewayUnderTest gateway = await StartAsync(Small.Replace("{\"Budgets\"", "{\"OnStreamExhausted\":\"Finish\",\"Budgets\"", StringComparison.Ordinal));
        Provider.Default = new Script { Tokens = 5_000 };
        using StreamClient client = new(gateway.Address);
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Messages, Body(Calls.Messages));
        StreamReading reading = await client.ReadAsync(request, "\n\n"u8.ToArray());
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.Equal(call.Answer(), reading.Bytes);
        await gateway.QuietAsync();
        Assert.Equal(call.Bill, await gateway.SettledAsync("alice"));
        Assert.True(call.Bill > Limit);
        using HttpResponseMessage next = await gateway.PostAsync(Calls.Messages, Body(Calls.Messages));
        Assert.Equal(402, (int)next.StatusCode);
    }

    [Fact]
    public async Task T93_Streams_that_pass_one_after_the_other_until_the_money_is_gone_never_cost_more_than_there_was()
    {
        GatewayUnderTest gateway = await StartAsync(Small);
        Provider.Default = new Script { Tokens = 300 };
        int status = 200;
        int answered = 0;
        for (; status == 200 && answered < 30; answered += status == 200 ? 1 : 0)
        {
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Body(Calls.Chat));
            StreamReading reading = await client.ReadAsync(request, "\n\n"u8.ToArray());
            status = reading.Status;
            Assert.Null(reading.Failure);
        }

        // Each costs 0.0045 dollars, and none sets aside what its 32,000 tokens would cost.
        Assert.Equal(402, status);
        Assert.InRange(answered, 7, 11);
        Assert.InRange(Provider.Bill, 0, Limit);
    }

    private static byte[] Marker(string path) => path switch
    {
        _ when path.EndsWith("alt=sse", StringComparison.Ordinal) => "\r\n\r\n"u8.ToArray(),
        _ when path.Contains("/v1beta/", StringComparison.Ordinal) => "\"responseId\":\"r1\""u8.ToArray(),
        _ => "\n\n"u8.ToArray(),
    };

    private static string Body(string path, bool asks = false) => path switch
    {
        "/v1/completions" => """{"model":"quill","prompt":"hello","max_tokens":32000,"stream":true}""",
        "/v1/responses" => """{"model":"quill","input":"hello","max_output_tokens":32000,"stream":true}""",
        _ when asks => """{"model":"quill","messages":[{"role":"user","content":"hello"}],"max_tokens":32000,"stream":true,"stream_options":{"include_usage":true}}""",
        _ => Calls.Body(path, isStream: true, maxTokens: 32_000),
    };
}
