using System.Text;
using BudgetGuard.Tests.Metering;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Estimation;

/// <summary>What requests to the APIs of images, audio, moderation and counting cost, from end to end.</summary>
public sealed class NewApiCostTests
{
    private const decimal DefaultCost = 0.01m;

    public static TheoryData<string, string, string, string, decimal> Calls => new()
    {
        { "free moderation", "/v1/moderations", """{"model":"omni-moderation-latest","input":"hi"}""", """{"id":"m","results":[{"flagged":false}]}""", 0m },
        { "moderation without a model", "/v1/moderations", """{"input":"hi"}""", """{"results":[]}""", 0m },
        { "moderation that others bill", "/v1/moderations", """{"model":"mistral-moderation-latest","input":"hi"}""", """{"results":[]}""", DefaultCost },
        { "counting", "/v1/messages/count_tokens", """{"model":"claude-opus-4-5","messages":[{"role":"user","content":"hi"}]}""", """{"input_tokens":8}""", 0m },
        { "image by tokens", "/v1/images/generations", """{"model":"gpt-image-1.5","prompt":"hi"}""", """{"data":[],"usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}""", 0.00197m },
        { "image without usage or price", "/v1/images/generations", """{"model":"dall-e-3","prompt":"hi"}""", """{"data":[{"url":"x"}]}""", DefaultCost },
        { "tokens of a model billed by the hour", "/v1/chat/completions", """{"model":"whisper-1","messages":[]}""", """{"model":"whisper-1","usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10}}""", DefaultCost },
        { "Bedrock's own stream", "/model/us.amazon.nova-micro-v1:0/invoke", """{"messages":[]}""", """{"usage":{"inputTokens":1000000,"outputTokens":0,"totalTokens":1000000}}""", 0.035m },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Call_costs_what_its_api_bills(string what, string path, string body, string answer, decimal cost)
    {
        await using var app = await StartAsync(Encoding.UTF8.GetBytes(answer), "application/json");
        using var response = await app.PostAsync(path, body);
        Assert.True(response.IsSuccessStatusCode, what);
        var balance = await app.BalanceAsync();
        Assert.Equal((cost, 0m), (balance.Settled, balance.Held));
    }

    [Theory]
    [InlineData("whisper-1", """{"text":"hi","usage":{"type":"duration","seconds":7}}""", 0.0007)]
    [InlineData("whisper-1", """{"task":"transcribe","duration":6.4,"text":"hi"}""", 0.0007)]
    [InlineData("whisper-1", """{"text":"hi"}""", 0.005)]
    [InlineData("gpt-4o-transcribe", """{"text":"hi","usage":{"type":"tokens","input_tokens":1000,"input_token_details":{"text_tokens":0,"audio_tokens":1000},"output_tokens":100,"total_tokens":1100}}""", 0.007)]
    [InlineData("gpt-4o-transcribe", """{"text":"hi","usage":{"type":"duration","seconds":7}}""", 0.01)]
    [InlineData("unknown-transcriber", """{"text":"hi"}""", 0.01)]
    public async Task Upload_of_audio_costs_its_seconds_or_tokens_and_without_them_what_its_size_may_cost(string model, string answer, double cost)
    {
        await using var app = await StartAsync(Encoding.UTF8.GetBytes(answer), "application/json");
        using MultipartFormDataContent form = new()
        {
            { new StringContent(model), "model" },
            { new ByteArrayContent(new byte[99_500]), "file", "a.mp3" },
        };
        using var response = await app.SendAsync(HttpMethod.Post, "/v1/audio/transcriptions", content: form);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal((decimal)cost, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task Binary_stream_of_Bedrock_is_charged_at_its_usage()
    {
        byte[] stream = [.. Frames.Of("""{"delta":{"text":"hello"}}"""), .. Frames.Of("""{"usage":{"inputTokens":1000000,"outputTokens":0,"totalTokens":1000000}}""")];
        await using var app = await StartAsync(stream, "application/vnd.amazon.eventstream");
        using var response = await app.PostAsync("/model/us.amazon.nova-micro-v1:0/converse-stream", """{"messages":[]}""");
        Assert.Equal(stream, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(0.035m, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task Speech_that_tells_nothing_is_charged_its_estimate()
    {
        await using var app = await StartAsync([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], "audio/pcm");
        using var response = await app.PostAsync("/v1/audio/speech", """{"model":"gpt-4o-mini-tts","input":"hello","voice":"alloy"}""");
        Assert.InRange((await app.BalanceAsync()).Settled, 0.0012m, 0.002m);
    }

    private static Task<GuardedApp> StartAsync(byte[] answer, string type) => GuardedApp.StartAsync(
        GuardedApp.OneDollarADay,
        app => app.Map("/{**rest}", async (HttpContext context) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(answer);
        }));
}
