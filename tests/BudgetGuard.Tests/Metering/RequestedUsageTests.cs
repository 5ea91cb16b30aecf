using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Metering;

/// <summary>The guard asks for the usage of a stream where the caller does not, and takes the chunk with it out of the answer; nothing else is changed.</summary>
public sealed class RequestedUsageTests
{
    private const string Path = "/run/v1/chat/completions";
    private const string Begin = "data: {\"choices\":[],\"prompt_filter_results\":[{}],\"usage\":null}\n\n";
    private const string Delta = "data: {\"model\":\"cheap\",\"choices\":[{\"delta\":{\"content\":\"it says \\\"usage\\\":{ and é\"}}],\"usage\":null}\n\n: comment\n\n";
    private const string Kept = "data: {\"model\":\"cheap\",\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10}}\r\n\r\n";
    private const string Chunk = "data: {\"model\":\"cheap\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":50,\"total_tokens\":150}}\n\n";
    private const string Done = "data: [DONE]\n\n";

    [Theory]
    [InlineData("{\"model\":\"cheap\",\"stream\":true,\"messages\":[]}", "{\"stream_options\":{\"include_usage\":true},\"model\":\"cheap\",\"stream\":true,\"messages\":[]}")]
    [InlineData("\uFEFF {\"stream\":true,\"model\":\"cheap\"}", "\uFEFF {\"stream_options\":{\"include_usage\":true},\"stream\":true,\"model\":\"cheap\"}")]
    [InlineData("{\"stream\":true,\"stream_options\":null,\"model\":\"cheap\"}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"cheap\"}")]
    [InlineData("{\"stream\":true,\"stream_options\":{},\"model\":\"cheap\"}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"cheap\"}")]
    [InlineData("{\"stream\":true,\"stream_options\" : {\"include_usage\":false,\"x\":[1]} ,\"model\":\"cheap\"}", "{\"stream\":true,\"stream_options\" : {\"include_usage\":true,\"x\":[1]} ,\"model\":\"cheap\"}")]
    [InlineData("{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"cheap\"}", null)]
    [InlineData("{\"stream\":true,\"stream_options\":{\"a\":1,\"a\":2},\"model\":\"cheap\"}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"a\":1,\"a\":2},\"model\":\"cheap\"}")]
    [InlineData("{\"stream\":true,\"stream_options\":7,\"model\":\"cheap\"}", null)]
    [InlineData("{\"stream\":false,\"model\":\"cheap\"}", null)]
    [InlineData("{\"model\":\"cheap\"}", null)]
    public async Task Body_asks_for_usage_where_the_caller_did_not(string sent, string? expected)
    {
        string seen = "";
        long? length = 0;
        await using GuardedApp app = await StartAsync(async context =>
        {
            length = context.Request.ContentLength;
            using StreamReader reader = new(context.Request.Body, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false);
            seen = await reader.ReadToEndAsync();
        });
        using HttpResponseMessage response = await app.PostAsync(Path, sent);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(expected ?? sent, seen);
        Assert.Equal(Encoding.UTF8.GetByteCount(expected ?? sent), length);
    }

    [Fact]
    public async Task Large_body_asks_for_usage_too()
    {
        string text = new('x', 3_000_000);
        string sent = $$"""{"model":"cheap","stream":true,"messages":[{"role":"user","content":"{{text}}"}]}""";
        string seen = "";
        await using GuardedApp app = await StartAsync(async context =>
        {
            using StreamReader reader = new(context.Request.Body);
            seen = await reader.ReadToEndAsync();
        });
        using HttpResponseMessage response = await app.PostAsync(Path, sent);
        Assert.Equal("{\"stream_options\":{\"include_usage\":true}," + sent[1..], seen);
    }

    [Fact]
    public async Task Chunk_that_was_not_asked_for_is_taken_out_wherever_the_answer_is_split()
    {
        byte[] answer = Encoding.UTF8.GetBytes(Begin + Delta + Kept + Delta + Chunk + Done);
        int split = 0;
        bool usesPipe = false;
        await using GuardedApp app = await StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Response.ContentLength = answer.Length;
            foreach (byte[] piece in (byte[][])[answer[..split], answer[split..]])
            {
                if (usesPipe)
                {
                    await context.Response.BodyWriter.WriteAsync(piece);
                }
                else
                {
                    await context.Response.Body.WriteAsync(piece);
                }
            }
        });
        for (; split <= answer.Length; split++)
        {
            usesPipe = !usesPipe;
            using HttpResponseMessage response = await app.PostAsync(Path, """{"model":"cheap","stream":true,"messages":[]}""");
            Assert.Equal(Begin + Delta + Kept + Delta + Done, await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(0.0002m * split, (await app.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task Answer_written_byte_by_byte_loses_only_the_chunk()
    {
        byte[] answer = Encoding.UTF8.GetBytes(Begin + Delta + Kept + Chunk + Done + "data: {\"rest");
        await using GuardedApp app = await StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (int i = 0; i < answer.Length; i++)
            {
                await context.Response.Body.WriteAsync(answer.AsMemory(i, 1));
                await context.Response.Body.FlushAsync();
            }
        });
        using HttpResponseMessage response = await app.PostAsync(Path, """{"model":"cheap","stream":true,"messages":[]}""");
        Assert.Equal(Begin + Delta + Kept + Done + "data: {\"rest", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("event: message\n" + Chunk, true)]
    [InlineData("id: 7\r\n" + Chunk, true)]
    [InlineData(": comment\n" + Chunk, true)]
    [InlineData("data: {\"choices\":[],\"citations\":[\"a\"],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n", false)]
    public async Task Chunk_is_told_by_all_its_lines(string chunk, bool isTakenOut)
    {
        await using GuardedApp app = await StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.ContentEncoding = "identity";
            await context.Response.WriteAsync(Delta + chunk + Done);
        });
        using HttpResponseMessage response = await app.PostAsync(Path, """{"model":"cheap","stream":true,"messages":[]}""");
        Assert.Equal(Delta + (isTakenOut ? "" : chunk) + Done, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Chunk_that_the_caller_asked_for_stays()
    {
        await using GuardedApp app = await StartAsync(static async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Delta + Chunk + Done);
        });
        using HttpResponseMessage response = await app.PostAsync(Path, """{"model":"cheap","stream":true,"stream_options":{"include_usage":true},"messages":[]}""");
        Assert.Equal(Delta + Chunk + Done, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Upstream_is_not_asked_for_a_compressed_stream_where_a_chunk_has_to_be_taken_out()
    {
        string? accepted = null;
        await using GuardedApp app = await StartAsync(context =>
        {
            accepted = context.Request.Headers.AcceptEncoding;
            return Task.CompletedTask;
        });
        app.Client.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip");
        using HttpResponseMessage stream = await app.PostAsync(Path, """{"model":"cheap","stream":true,"messages":[]}""");
        Assert.Null(accepted);
        using HttpResponseMessage whole = await app.PostAsync(Path, """{"model":"cheap","messages":[]}""");
        Assert.Equal("gzip", accepted);
    }

    private static Task<GuardedApp> StartAsync(RequestDelegate run)
    {
        GuardedAppSetup setup = new() { UseKestrel = true };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Pipeline = app =>
        {
            app.UseBudgetGuard();
            app.MapPost(Path, run);
        };
        return GuardedApp.StartAsync("""{"RequestStreamUsage":true,"Budgets":{"daily":{"Limit":1000,"Period":"Day","Per":["User"]}}}""", setup);
    }
}
