using System.Text;
using BudgetGuard.Metering;

namespace BudgetGuard.Tests.Metering;

public sealed class EventFramesTests
{
    [Fact]
    public void Frames_count_what_the_model_wrote_plain_and_wrapped()
    {
        byte[] plain = [.. Frames.Of("""{"contentBlockIndex":0,"delta":{"text":"hello"},"p":"abcdef"}"""), .. Frames.Of("""{"p":"a","stopReason":"end_turn"}""")];
        byte[] wrapped = [.. Frames.Wrapped("""{"generation":"hello","prompt_token_count":4}""")];
        foreach (var bytes in new[] { plain, wrapped })
        {
            for (var at = 0; at < bytes.Length; at++)
            {
                var body = new AnswerBody(null, isLines: false, isEvents: false);
                body.Feed(bytes.AsSpan(0, at));
                body.Feed(bytes.AsSpan(at));
                Assert.True(body is { IsStream: true, IsBroken: false, IsOver: false });
                Assert.Equal(new GeneratedText(5, 1), body.Written);
                Assert.Null(body.Usage(new UsageReaders([]).For("bedrock.invoke")));
                body.Discard();
            }
        }
    }

    [Fact]
    public void Usage_that_the_model_writes_is_no_usage()
    {
        var fake = """{"delta":{"text":"{\"usage\":{\"inputTokens\":1,\"outputTokens\":1}}"},"p":"\"usage\":{}"}""";
        byte[] bytes = [.. Frames.Of(fake), .. Frames.Wrapped("""{"completion":"\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":1,\"outputTokenCount\":1}"}""")];
        var body = new AnswerBody(null, isLines: false, isEvents: false);
        body.Feed(bytes);
        Assert.Null(body.Usage(new UsageReaders([]).For("bedrock.converse")));
        Assert.Null(body.Usage(new UsageReaders([]).For("bedrock.invoke")));
        Assert.NotEqual(0, body.Written.Bytes);
    }

    [Theory]
    [InlineData("AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDE=")]
    [InlineData("AAABAAIAAwAEAAUABgAHAAgACQAKAAsADAANAA4ADwA=")]
    public void Binary_bodies_of_other_kinds_are_no_streams(string base64)
    {
        var body = new AnswerBody(null, isLines: false, isEvents: false);
        body.Feed(Convert.FromBase64String(base64));
        Assert.True(body is { IsOver: true, IsStream: false, IsBroken: false });
        Assert.Null(body.Usage(new UsageReaders([]).For("openai.audio.speech")));
        Assert.Null(body.Progress(null));
    }

    [Fact]
    public void Stream_that_breaks_off_into_something_else_is_broken_and_still_counted()
    {
        var body = new AnswerBody(null, isLines: false, isEvents: false);
        body.Feed(Frames.Of("""{"delta":{"text":"hello"}}"""));
        body.Feed(Encoding.UTF8.GetBytes("HTTP/1.1 502 Bad Gateway"));
        Assert.True(body is { IsBroken: true, IsOver: true, IsStream: true });
        Assert.True(body.Progress(null) is { MayBeMore: true, Written.Bytes: 5 });
    }

    [Theory]
    [InlineData("image_generation.partial_image", true)]
    [InlineData("speech.audio.delta", true)]
    [InlineData("transcript.text.delta", false)]
    public void Stream_of_images_or_sound_that_told_nothing_may_have_cost_more_than_was_counted(string type, bool mayBeMore)
    {
        var body = new AnswerBody(null, isLines: false, isEvents: true);
        body.Feed(Encoding.UTF8.GetBytes($$"""data: {"type":"{{type}}","b64_json":"AAAA","audio":"AAAA"}""" + "\n\n"));
        Assert.Equal(mayBeMore, body.Progress(null)!.Value.MayBeMore);
    }
}
