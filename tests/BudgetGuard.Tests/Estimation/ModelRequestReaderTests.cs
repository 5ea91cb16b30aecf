using System.Text;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;

namespace BudgetGuard.Tests.Estimation;

public sealed class ModelRequestReaderTests
{
    [Theory]
    [InlineData("""{"model":"a","model":"b"}""")]
    [InlineData("""{"model":"a","max_tokens":1,"max_tokens":2}""")]
    [InlineData("""{"model":"a","stream":true,"stream":false}""")]
    public void T53_Duplicate_fields_are_refused(string body) => Assert.Equal(400, Error(body)?.Status);

    [Fact]
    public void T54_Escaped_duplicate_is_refused() => Assert.Equal(400, Error("{\"model\":\"a\",\"\\u006dodel\":\"b\"}")?.Status);

    [Theory]
    [InlineData("""{"model":"a","MODEL":"b"}""")]
    [InlineData("""{"Model":"a"}""")]
    [InlineData("""{"model":"a","Max_Tokens":1}""")]
    [InlineData("""{"model":"a","N":1}""")]
    [InlineData("{\"model\":\"a\",\"meſſages\":[]}")]
    public void T55_Case_variants_are_refused(string body) => Assert.Equal(400, Error(body)?.Status);

    [Fact]
    public void T56_Utf16_is_refused_and_a_utf8_mark_skipped()
    {
        Assert.Equal(415, Read(Encoding.Unicode.GetBytes("{\"model\":\"a\"}"), out _)?.Status);
        Assert.Equal(415, Read(Encoding.UTF32.GetBytes("{\"model\":\"a\"}"), out _)?.Status);
        Assert.Null(Read([0xEF, 0xBB, 0xBF, .. "{\"model\":\"a\"}"u8], out var request));
        Assert.Equal("a", request!.Model);
    }

    [Theory]
    [InlineData(65)]
    [InlineData(100_000)]
    public void T61_Deep_nesting_is_refused(int depth) =>
        Assert.Equal(400, Error("{\"messages\":" + new string('[', depth) + new string(']', depth) + "}")?.Status);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("[]")]
    [InlineData("{} {}")]
    [InlineData("{\"n\":NaN}")]
    [InlineData("{\"n\":1,}")]
    [InlineData("{\"n\":+1}")]
    [InlineData("{\"n\":007}")]
    [InlineData("{/**/}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"model\":\"\\ud800\"}")]
    public void T62_T70_T71_What_is_not_one_json_object_is_refused(string body) => Assert.Equal(400, Error(body)?.Status);

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("\"\"")]
    [InlineData("\"a \"")]
    [InlineData("\"a\\u0000\"")]
    public void T65_Model_that_is_no_plain_string_is_refused(string model) => Assert.Equal(400, Error($$"""{"model":{{model}}}""")?.Status);

    [Theory]
    [InlineData("1e3", 1000)]
    [InlineData("1000.0", 1000)]
    [InlineData("\"1000\"", 1000)]
    [InlineData("null", null)]
    public void T73_Whole_caps_are_honoured_in_any_spelling(string cap, int? expected)
    {
        Assert.Null(Read(Encoding.UTF8.GetBytes($$"""{"model":"a","max_tokens":{{cap}}}"""), out var request));
        Assert.Equal(expected, request!.MaxOutputTokens);
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("true")]
    [InlineData("[1]")]
    [InlineData("9223372036854775808")]
    public void T72_T73_Absurd_caps_are_refused(string cap) => Assert.Equal(400, Error($$"""{"model":"a","max_tokens":{{cap}}}""")?.Status);

    [Fact]
    public void T76_Answers_multiply_the_output_bound()
    {
        Assert.Null(Read("{\"model\":\"a\",\"n\":1000000,\"max_tokens\":2}"u8, out var request));
        Assert.Equal(2_000_000, TokenBound.Output(request!, ModelApis.OpenAIChat));
        Assert.Equal(400, Error("{\"n\":0}")?.Status);
    }

    [Fact]
    public void Pieces_read_like_the_whole_at_any_split()
    {
        var body = Encoding.UTF8.GetBytes("""{"model":"a","messages":[{"role":"user","content":"h\u00e9llo \ud83d\ude00 wörld"}],"max_tokens":5}""");
        Assert.Null(Read(body, out var whole));
        Assert.Equal(Encoding.UTF8.GetByteCount("héllo 😀 wörld"), whole!.TextBytes);
        for (var split = 0; split <= body.Length; split++)
        {
            var reader = new ModelRequestReader(ModelApis.OpenAIChat, null);
            Assert.Null(reader.Feed(body.AsSpan(0, split), false, out var consumed));
            Assert.Null(reader.Feed(body.AsSpan(consumed), true, out _));
            Assert.Equal(whole, reader.Finish());
        }
    }

    [Fact]
    public void T73_A_cap_the_provider_does_not_read_is_not_honoured()
    {
        Assert.Null(ModelRequestReader.TryRead("{\"max_tokens\":1,\"contents\":[]}"u8, ModelApis.Gemini, "gemini-2.5-pro", out var request));
        Assert.Null(request!.MaxOutputTokens);
    }

    private static ModelRequestError? Error(string body) => Read(Encoding.UTF8.GetBytes(body), out _);

    private static ModelRequestError? Read(ReadOnlySpan<byte> body, out ModelRequest? request) =>
        ModelRequestReader.TryRead(body, ModelApis.OpenAIChat, null, out request);
}
