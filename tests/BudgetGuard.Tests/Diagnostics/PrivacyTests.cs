using System.IO.Compression;
using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>Prompts, answers and keys never reach a log or a metric, at the lowest level and whatever goes wrong.</summary>
public sealed class PrivacyTests
{
    private const string Prompt = "canary-prompt-7f3a";
    private const string Key = "sk-canary-key-91bc";

    /// <summary>A body for each way in which reading one can end.</summary>
    private static readonly (byte[] Body, string? Encoding)[] Bodies =
    [
        (Bytes($$"""{"model":"cheap","max_tokens":10,"messages":[{"role":"user","content":"{{Prompt}}"}]}"""), null),
        (Bytes($$"""{"model":"cheap","messages":[{"role":"user","content":"{{Prompt}}"""), null),
        (Bytes(Prompt), null),
        (Bytes($$"""{"model":"cheap","messages":{{Prompt}}}"""), null),
        (Bytes($$"""{"model":"cheap","messages":[]} {{Prompt}}"""), null),
        (Bytes($$"""{"model":"cheap","max_tokens":"{{Prompt}}","messages":[]}"""), null),
        (Bytes($$"""{"model":"cheap","{{Prompt}}":1,"Model":"{{Prompt}}","messages":[]}"""), null),
        (Bytes($$"""{"model":"cheap","messages":["{{Prompt}}"],"model":"exp"}"""), null),
        (Bytes($$"""{"model":"cheap","messages":["{{Prompt}}\x"]}"""), null),
        ([.. Bytes($$"""{"model":"cheap","messages":["{{Prompt}}"""), 0xC3, 0x28, .. "\"]}"u8], null),
        (Bytes($$"""{"model":"exp","max_tokens":10000,"n":100,"messages":["{{Prompt}}"]}"""), null),
        (Bytes($$"""{"model":"cheap","max_tokens":1e999,"messages":["{{Prompt}}"]}"""), null),
        (Bytes(Prompt), "gzip"),
        (Bytes(Prompt), "zstd"),
        (Gzip(Prompt), "gzip"),
        (Gzip(new string('x', 1_000) + Prompt)[..20], "gzip"),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T242_Prompt_and_keys_are_in_no_log_and_no_metric(bool isUp)
    {
        FlakyTracker store = new();
        await using ChatApp chat = await StartAsync(store);
        using Meters meters = new(chat.App);
        store.Fault = isUp ? null : new InvalidOperationException("down");
        int refused = 0;
        foreach ((byte[] body, string? encoding) in Bodies)
        {
            using HttpResponseMessage answer = await SendAsync(chat, ChatApp.Chat, body, encoding);
            refused += (int)answer.StatusCode == 400 ? 1 : 0;
        }

        Assert.InRange(refused, 10, Bodies.Length - 1);
        AssertSilent(chat, meters);
        Assert.Contains(Own(chat), record => record.Id.Name == "Guarded");
        Assert.Contains(Own(chat), record => record.Id.Name == "RequestRefused");
        Assert.Contains(Own(chat), record => record.Id.Name == "RequestDone");
    }

    [Theory]
    [InlineData("/api/throw")]
    [InlineData("/v1/answers/broken")]
    [InlineData("/v1/answers/odd-usage")]
    public async Task T242_Prompt_is_in_no_log_of_the_guard_when_the_app_or_its_answer_is_broken(string path)
    {
        await using ChatApp chat = await StartAsync(new FlakyTracker());
        using Meters meters = new(chat.App);
        try
        {
            using HttpResponseMessage answer = await SendAsync(chat, path, Bodies[0].Body, null);
        }
        catch (InvalidOperationException thrown) when (thrown.Message == Prompt)
        {
            // The test's server gives the app's exception to its client.
        }

        AssertSilent(chat, meters);
        Assert.NotEmpty(meters.Of("budgetguard.cost"));
    }

    [Fact]
    public async Task T242_Key_in_the_query_is_in_no_log_of_the_guard()
    {
        await using ChatApp chat = await StartAsync(new FlakyTracker());
        using Meters meters = new(chat.App);
        using HttpResponseMessage answer = await SendAsync(chat, $"{ChatApp.Chat}?key={Key}", Bodies[0].Body, null);
        AssertSilent(chat, meters);
    }

    private static Task<ChatApp> StartAsync(FlakyTracker store) => ChatApp.StartAsync(
        configure: setup =>
        {
            setup.LogLevel = LogLevel.Trace;
            setup.Configure = static options => options.EnableRequestLogging = true;
            setup.Services = store.AddTo;
        },
        map: static app =>
        {
            app.MapPost("/api/throw", static (HttpContext _) => throw new InvalidOperationException(Prompt)).WithModelApi("openai.chat");
            app.MapPost("/v1/answers/broken", static () => Results.Text($$"""{"choices":[{{Prompt}},"usage":{""", "application/json")).WithModelApi("openai.chat");
            app.MapPost(
                "/v1/answers/odd-usage",
                static () => Results.Text($$"""{"model":"{{Prompt}}{{Prompt}}","usage":{"prompt_tokens":"{{Prompt}}","completion_tokens":-5} }""", "application/json")).WithModelApi("openai.chat");
        });

    private static async Task<HttpResponseMessage> SendAsync(ChatApp chat, string path, byte[] body, string? encoding)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        request.Headers.TryAddWithoutValidation("X-User-ID", "alice");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Key}");
        foreach (string header in (string[])["x-api-key", "api-key", "x-goog-api-key", "Cookie"])
        {
            request.Headers.TryAddWithoutValidation(header, Key);
        }

        return await chat.App.Client.SendAsync(request);
    }

    private static void AssertSilent(ChatApp chat, Meters meters)
    {
        Assert.NotEmpty(Own(chat));
        foreach (FakeLogRecord record in Own(chat))
        {
            string all = $"{record.Message} {record.Exception} {string.Join(' ', record.StructuredState ?? [])} {string.Join(' ', record.Scopes)}";
            Assert.DoesNotContain(Prompt, all, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Key, all, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain(meters.All, measured => measured.Tags.Contains("canary", StringComparison.OrdinalIgnoreCase));
    }

    private static FakeLogRecord[] Own(ChatApp chat) =>
        [.. chat.App.Logs.GetSnapshot().Where(static record => record.Category!.StartsWith("BudgetGuard", StringComparison.Ordinal))];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Gzip(string text)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.NoCompression))
        {
            gzip.Write(Bytes(text));
        }

        return packed.ToArray();
    }
}
