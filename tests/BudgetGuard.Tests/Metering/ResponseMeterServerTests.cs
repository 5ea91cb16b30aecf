using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace BudgetGuard.Tests.Metering;

public sealed class ResponseMeterServerTests
{
    public static TheoryData<Server, string> WaysOnServers()
    {
        var data = new TheoryData<Server, string>();
        foreach (var server in Enum.GetValues<Server>())
        {
            foreach (var way in WaysOfWriting.All.Keys)
            {
                data.Add(server, way);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(WaysOnServers))]
    public async Task Answer_written_in_any_way_is_the_unmetered_one_and_its_usage_is_told_before_it_ends(Server server, string way)
    {
        var random = new Random(way.Length);
        var body = Array.Empty<byte>();
        IReadOnlyList<byte[]> pieces = [];
        await using var app = await MeteredApp.StartAsync(server, host => host.Run(context =>
        {
            context.Response.ContentType = "application/json";
            return WaysOfWriting.All[way](context, body, pieces);
        }));
        for (var round = 0; round < 8; round++)
        {
            body = Encoding.UTF8.GetBytes(RandomAnswers.Make(random, round == 7 ? 30_000 : 200));
            pieces = [.. body.Chunk(round == 0 && body.Length < 5000 ? 1 : random.Next(1, 5000))];
            using var plain = await app.SendAsync("/", metered: false);
            using var metered = await app.SendAsync("/", metered: true);
            var answer = await metered.Content.ReadAsByteArrayAsync();
            Assert.Equal(await plain.Content.ReadAsByteArrayAsync(), answer);
            Assert.Equal(plain.StatusCode, metered.StatusCode);
            Assert.Equal(plain.Content.Headers.ContentType, metered.Content.Headers.ContentType);
            Assert.Equal(plain.Content.Headers.ContentLength, metered.Content.Headers.ContentLength);
            Assert.Equal(plain.Version, metered.Version);
            Assert.True(way == "Json" || body.AsSpan().SequenceEqual(answer));
            var seen = await app.NextAsync();
            Assert.Empty(seen.Complaints);
            Assert.Equal((1000, 50), (seen.Meter.Usage!.InputTokens, seen.Meter.Usage.OutputTokens));
            Assert.True(seen is { Reports: 1, Meter: { SawBytes: true, IsStream: false, IsEncoded: false } });
            Assert.Equal(way != "SwappedForGood", seen.IsRestored);
        }
    }

    [Theory]
    [InlineData(Server.Test)]
    [InlineData(Server.Http1)]
    [InlineData(Server.Http2)]
    public async Task Mvc_answers_are_metered(Server server)
    {
        await using var app = await MeteredApp.StartAsync(server, static host => host.MapControllers());
        foreach (var path in new[] { "/metered/object", "/metered/content", "/metered/file", "/metered/physical" })
        {
            using var plain = await app.SendAsync(path, metered: false);
            using var metered = await app.SendAsync(path, metered: true);
            Assert.Equal(HttpStatusCode.OK, metered.StatusCode);
            Assert.Equal(await plain.Content.ReadAsStringAsync(), await metered.Content.ReadAsStringAsync());
            Assert.Equal(7, (await app.NextAsync()).Meter.Usage?.InputTokens);
        }
    }

    [Theory]
    [InlineData(Server.Test)]
    [InlineData(Server.Http1)]
    [InlineData(Server.Http2)]
    public async Task Answers_without_a_body_pass(Server server)
    {
        await using var app = await MeteredApp.StartAsync(server, static host => host.Run(static context =>
        {
            context.Response.StatusCode = context.Request.Path == "/204" ? 204 : 200;
            return context.Request.Path == "/204" ? Task.CompletedTask : context.Response.WriteAsync($"{{\"usage\":{RandomAnswers.Usage}}}");
        }));
        using var none = await app.SendAsync("/204", metered: true);
        Assert.Equal(HttpStatusCode.NoContent, none.StatusCode);
        Assert.True(await app.NextAsync() is { Reports: 0, IsRestored: true, Meter: { SawBytes: false, Usage: null } });
        using var head = await app.SendAsync("/", metered: true, HttpMethod.Head);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.True(await app.NextAsync() is { Reports: 1, IsRestored: true });
    }

    [Theory]
    [InlineData(Server.Test)]
    [InlineData(Server.Http1)]
    [InlineData(Server.Http2)]
    public async Task App_that_throws_in_the_middle_fails_as_without_a_meter(Server server)
    {
        await using var app = await MeteredApp.StartAsync(server, static host => host.Run(static async context =>
        {
            await context.Response.WriteAsync(context.Request.Path == "/late" ? $"{{\"usage\":{RandomAnswers.Usage}}}" : "{\"usage\":{\"prompt");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException("the app failed");
        }));
        foreach (var (path, usage) in new[] { ("/early", false), ("/late", true) })
        {
            foreach (var metered in new[] { false, true })
            {
                var failure = await Record.ExceptionAsync(async () =>
                {
                    using var answer = await app.SendAsync(path, metered);
                    await answer.Content.ReadAsByteArrayAsync();
                });
                Assert.NotNull(failure);
            }

            var seen = await app.NextAsync();
            Assert.Equal((usage, usage ? 1 : 0, true), (seen.Meter.Usage is not null, seen.Reports, seen.IsRestored));
            Assert.Empty(seen.Complaints);
        }
    }

    [Theory]
    [InlineData("text/event-stream", "data: {\"usage\":1}\n\n", true, false)]
    [InlineData("text/event-stream", "data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n", true, true)]
    [InlineData(null, ": hello\r\n\r\ndata:{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\n\r\ndata:[DONE]\r\n\r\n", true, true)]
    [InlineData("application/json", "error: no data", false, false)]
    [InlineData("text/event-stream; charset=utf-8", "data: [DONE]\n\n", true, false)]
    [InlineData("Application/X-NDJSON", "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1},\"done\":true}\n", true, true)]
    [InlineData("application/vnd.amazon.eventstream", "\0\0", false, false)]
    [InlineData("application/json", "\n[{\"usageMetadata\":{}}]", true, false)]
    [InlineData("application/json", "", false, false)]
    [InlineData("application/json", "not json", false, false)]
    [InlineData("application/json", "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", false, true)]
    [InlineData("application/vnd.api+json", "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", false, true)]
    [InlineData("text/plain", " {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", false, false)]
    [InlineData("text/plain; charset=utf-8", "data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n", false, false)]
    [InlineData("audio/mpeg", "data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n", false, false)]
    [InlineData(null, "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", false, true)]
    [InlineData("gzip", "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", false, false)]
    [InlineData("identity", "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", false, true)]
    public async Task Answers_of_every_kind_are_recognised_and_left_alone(string? type, string body, bool stream, bool read)
    {
        await using var app = await MeteredApp.StartAsync(Server.Test, host => host.Run(context =>
        {
            if (type is "gzip" or "identity")
            {
                context.Response.Headers.ContentEncoding = type;
            }
            else
            {
                context.Response.ContentType = type;
            }

            return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body)).AsTask();
        }));
        using var answer = await app.SendAsync("/", metered: true);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        var seen = await app.NextAsync();
        Assert.Equal((stream, read, type == "gzip", body.Length > 0), (seen.Meter.IsStream, seen.Meter.Usage is not null, seen.Meter.IsEncoded, seen.Meter.SawBytes));
        Assert.Empty(seen.Complaints);
    }
}

[ApiController]
[Route("metered")]
public sealed class MeteredController : ControllerBase
{
    private const string Body = """{"usage":{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8}}""";

    [HttpGet("object")]
    public IActionResult Value() => Ok(new { usage = new { prompt_tokens = 7, completion_tokens = 1, total_tokens = 8 } });

    [HttpGet("content")]
    public ContentResult Text() => Content(Body, "application/json");

    [HttpGet("file")]
    public FileContentResult Bytes() => File(Encoding.UTF8.GetBytes(Body), "application/json");

    [HttpGet("physical")]
    public PhysicalFileResult Physical()
    {
        var path = Path.GetTempFileName();
        System.IO.File.WriteAllText(path, Body);
        Response.OnCompleted(() =>
        {
            System.IO.File.Delete(path);
            return Task.CompletedTask;
        });
        return PhysicalFile(path, "application/json");
    }
}
