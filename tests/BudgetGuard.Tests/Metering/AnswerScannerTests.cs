using System.Text;
using System.Text.Json;
using BudgetGuard.Metering;

namespace BudgetGuard.Tests.Metering;

public sealed class AnswerScannerTests
{
    private const string Fake = """\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}""";

    [Theory]
    [InlineData("""{}""", """{}""")]
    [InlineData(""" { "model" : "m" , "n" : 1.5e3 , "t":true,"f":false,"z":null } """, """{"model":"m","n":1.5e3,"t":true,"f":false,"z":null}""")]
    [InlineData("""{"choices":[{"a":"]}"}],"usage":{"prompt_tokens":3,"d":{"x":[1]}},"model":"m"}""", """{"usage":{"prompt_tokens":3,"d":{"x":[1]}},"model":"m"}""")]
    [InlineData("""{"a":{"usage":{"prompt_tokens":9}},"b":[{"usage":{}}],"model":"m"}""", """{"model":"m"}""")]
    [InlineData("""{"q":"\\","r":"\"","s":"\\\"}","usage":{"t":"}\\"}}""", """{"q":"\\","r":"\"","s":"\\\"}","usage":{"t":"}\\"}}""")]
    [InlineData("""{"usage":[1,2],"tool_usage":{"web_search":{"num_requests":1}},"error":{"message":"x"}}""", """{"tool_usage":{"web_search":{"num_requests":1}},"error":{"message":"x"}}""")]
    [InlineData("""{"usage":{"a":1}} {"usage":{"a":2}}""", """{"usage":{"a":1}}""")]
    [InlineData("\uFEFF\n\n {\"model\":\"é\"}", """{"model":"é"}""")]
    public void Scanner_in_pieces_of_any_size_keeps_plain_values_and_usage(string body, string kept)
    {
        for (var size = 1; size <= body.Length + 3; size++)
        {
            Assert.Equal(kept, Answers.Keep(body, size));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain text {\"usage\":{}}")]
    [InlineData("\"usage\"")]
    [InlineData("[{\"usage\":{\"prompt_tokens\":1}}]")]
    [InlineData("{\"usage\":{\"prompt_tokens\":1}")]
    [InlineData("{\"usage\"{}}")]
    [InlineData("{usage:{}}")]
    [InlineData("{\"a\":1]\"usage\":{}}")]
    [InlineData("{\"a\":\"unfinished")]
    public void Scanner_of_what_is_no_object_keeps_nothing(string body)
    {
        Assert.Null(Answers.Keep(body));
        Assert.Null(Answers.Keep(body, 1));
    }

    [Fact]
    public void Scanner_of_an_array_says_so()
    {
        var scanner = new AnswerScanner();
        Assert.False(scanner.Feed(" \n["u8));
        Assert.True(scanner.IsArray);
        Assert.True(scanner.IsFinished);
    }

    [Fact]
    public void T112_Fake_usage_in_the_models_text_is_not_kept()
    {
        var content = """{"choices":[{"message":{"content":"\"}}],FAKE","tool":{"usage":{"prompt_tokens":7} } } }],"note":"{FAKE","usage":{"prompt_tokens":1000,"completion_tokens":50,"total_tokens":1050}}"""
            .Replace("FAKE", Fake, StringComparison.Ordinal);
        using var whole = JsonDocument.Parse(content);
        for (var size = 1; size < content.Length; size++)
        {
            using var kept = JsonDocument.Parse(Answers.Keep(content, size)!);
            Assert.Equal(["note", "usage"], kept.RootElement.EnumerateObject().Select(static member => member.Name));
            Assert.Equal(1000, kept.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        }
    }

    [Theory]
    [InlineData("model", 1000, true)]
    [InlineData("model", 1100, false)]
    [InlineData("usage", 65_000, true)]
    [InlineData("usage", 66_000, false)]
    public void Scanner_drops_members_that_are_too_long(string name, int length, bool kept)
    {
        var text = new string('x', length);
        var member = name == "usage" ? $"{{\"note\":\"{text}\"}}" : $"\"{text}\"";
        var body = $"{{\"id\":\"1\",\"{name}\":{member},\"last\":2}}";
        foreach (var size in new[] { 1, 7, 4096, int.MaxValue })
        {
            Assert.Equal(kept ? body : "{\"id\":\"1\",\"last\":2}", Answers.Keep(body, size));
        }
    }

    [Fact]
    public void Scanner_of_an_endless_object_keeps_a_bounded_part()
    {
        var scanner = new AnswerScanner();
        var usage = Encoding.UTF8.GetBytes("\"usage\":{\"note\":\"" + new string('x', 60_000) + "\"},");
        scanner.Feed("{"u8);
        for (var i = 0; i < 1000; i++)
        {
            scanner.Feed(usage);
            scanner.Feed(Encoding.UTF8.GetBytes($"\"key{i}\":\"{new string('x', 900)}\","));
        }

        Assert.True(scanner.Feed("\"last\":1}"u8));
        using var kept = scanner.Kept();
        Assert.InRange(kept.RootElement.GetRawText().Length, 1, 250_000);
        scanner.Discard();
    }

    [Fact]
    public void Scanner_of_random_answers_keeps_what_a_full_parse_finds()
    {
        var random = new Random(20);
        for (var round = 0; round < 400; round++)
        {
            var body = RandomAnswers.Make(random);
            var kept = Answers.Keep(body, random.Next(1, 40));
            using var whole = JsonDocument.Parse(body);
            using var part = JsonDocument.Parse(kept!);
            var expected = whole.RootElement.EnumerateObject().Where(static member => IsKept(member)).Select(static member => member.Name + member.Value.GetRawText());
            var found = part.RootElement.EnumerateObject().Select(static member => member.Name + member.Value.GetRawText());
            Assert.Equal(expected, found);
        }
    }

    private static bool IsKept(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.Object => member.Name is "usage",
        JsonValueKind.Array => false,
        JsonValueKind.String => member.Value.GetRawText().Length <= 1024,
        _ => true,
    };
}
