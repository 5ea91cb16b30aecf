using System.Net;
using System.Text;
using BudgetGuard.Api.Deciding;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>What a caller may not say is refused with the name of the member that says it, and changes nothing.</summary>
public sealed class BadValueTests
{
    private const string AtMost = "12345678901234567890123456789012345678901234567890";

    public static TheoryData<string, string?> Decisions => new()
    {
        { "{}", "user" },
        { """{"user":"","estimated_cost":1}""", "user" },
        { """{"user":"  ","estimated_cost":1}""", "user" },
        { """{"user":null,"estimated_cost":1}""", "user" },
        { """{"user":5}""", "user" },
        { """{"user":["alice"]}""", "user" },
        { $$"""{"user":"{{new string('a', 257)}}"}""", "user" },
        { """{"user":"al\u0007ice"}""", "user" },
        { """{"user":"al\u202eice"}""", "user" },
        { """{"user":"\ud800"}""", "user" },
        { """{"user":"alice","user":"bob"}""", "user" },
        { """{"user":"alice","usr":"bob"}""", "usr" },
        { """{"user":"alice","User":"bob"}""", "User" },
        { """{"user":"alice","version":2}""", "version" },
        { """{"user":"alice","a.b":2}""", "a.b" },
        { """{"user":"alice","id":""}""", "id" },
        { $$"""{"user":"alice","id":"{{new string('a', 257)}}"}""", "id" },
        { """{"user":"alice","operation":""}""", "operation" },
        { """{"user":"alice","operation":7}""", "operation" },
        { """{"user":"alice","model":"a\nb"}""", "model" },
        { """{"user":"alice","team":" "}""", "team" },
        { """{"user":"alice","estimated_cost":-1}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":-0.000000001}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":-0}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":"1"}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":"NaN"}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":true}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":1e400}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":1e99999999999999999999}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":9223372037}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":9223372036.000000001}""", "estimated_cost" },
        { $$"""{"user":"alice","estimated_cost":{{AtMost}}}""", "estimated_cost" },
        { $$"""{"user":"alice","estimated_cost":1{{new string('0', 200)}}1}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":1,"estimated_cost":2}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":NaN}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":Infinity}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":01}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":.5}""", "estimated_cost" },
        { """{"user":"alice","estimated_cost":1,"request":{"model":"cheap","messages":[]}}""", "estimated_cost" },
        { """{"user":"alice","request":[]}""", "request" },
        { """{"user":"alice","request":"{}"}""", "request" },
        { """{"user":"alice","request":{"model":"cheap","messages":[],"n":1,"n":2}}""", "request" },
        { """{"user":"alice","request":{"model":"cheap","messages":[],"max_tokens":-5},"path":"/v1/chat/completions"}""", "request" },
        { """{"user":"alice","request":{"model":"cheap","messages":[]},"path":"/v1/nothing"}""", "path" },
        { """{"user":"alice","path":"v1/chat/completions"}""", "path" },
        { """{"user":"alice","path":"/a\u0000b"}""", "path" },
        { """{"user":"alice","path":"/a%00b"}""", "path" },
        { """{"user":"alice","path":"/v1beta/models/a%00b:generateContent","request":{"contents":[]}}""", "path" },
        { """{"user":"alice","model":"exp","request":{"model":"cheap","messages":[]},"path":"/v1/chat/completions"}""", "model" },
        { """{"user":"alice","ttl_seconds":0}""", "ttl_seconds" },
        { """{"user":"alice","ttl_seconds":-1}""", "ttl_seconds" },
        { """{"user":"alice","ttl_seconds":86401}""", "ttl_seconds" },
        { """{"user":"alice","ttl_seconds":1.5}""", "ttl_seconds" },
        { """{"user":"alice","ttl_seconds":"60"}""", "ttl_seconds" },
        { """{"user":"alice","ttl_seconds":99999999999}""", "ttl_seconds" },
        { """{"id":1,"\ud800":1}""", "id" },
        { """{"user":"alice","request":{"model":"\ud800","messages":[]}}""", "request" },
        { """{"user":"alice","request":{"model":"\ud800","messages":[]},"path":"/v1/chat/completions"}""", "request" },
        { "[]", null },
        { "null", null },
        { "\"alice\"", null },
        { "", null },
        { """{"user":"alice"}{"user":"bob"}""", null },
        { """{"user":"alice","estimated_cost":1,}""", null },
        { """{"user":"alice" /* */}""", null },
    };

    public static TheoryData<string, string?> Settlements => new()
    {
        { "{}", "cost" },
        { """{"cost":null}""", "cost" },
        { """{"cost":-0.01}""", "cost" },
        { """{"cost":"0.1"}""", "cost" },
        { """{"cost":1e400}""", "cost" },
        { """{"cost":0,"cost":1}""", "cost" },
        { """{"cost":0.1,"reason":"x"}""", "reason" },
        { """{"cost":0.1,"model":"cheap"}""", "model" },
        { """{"cost":0.1,"usage":{}}""", "usage" },
        { """{"model":"cheap"}""", "cost" },
        { """{"usage":{"input_tokens":1,"output_tokens":1}}""", "model" },
        { """{"model":"","usage":{"input_tokens":1,"output_tokens":1}}""", "model" },
        { """{"model":"cheap","usage":[]}""", "usage" },
        { """{"model":"cheap","usage":{}}""", "usage" },
        { """{"model":"cheap","usage":{"tokens":5}}""", "usage" },
        { """{"model":"cheap","usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}""", "usage" },
        { """{"model":"cheap","usage":{"input_tokens":0,"output_tokens":0}}""", "usage" },
        { """{"model":"cheap","usage":{"prompt_tokens":100}}""", "usage" },
        { """{"model":"cheap","usage":{"prompt_tokens":-100,"completion_tokens":5}}""", "usage.prompt_tokens" },
        { """{"model":"cheap","usage":{"prompt_tokens":100,"completion_tokens":1e400}}""", "usage.completion_tokens" },
        { """{"model":"cheap","usage":{"prompt_tokens":100,"completion_tokens":"NaN"}}""", "usage" },
        { """{"model":"cheap","usage":{"prompt_tokens":100,"completion_tokens":10000000000000}}""", "usage.completion_tokens" },
        { """{"model":"cheap","usage":{"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":-1}}}""", "usage.prompt_tokens_details.cached_tokens" },
        { """{"model":"cheap","usage":{"prompt_tokens":1,"prompt_tokens":100,"completion_tokens":1}}""", "usage" },
        { """{"model":"cheap","usage":{"prompt_tokens":100,"completion_tokens":1,"service_tier":"\ud800"}}""", "usage.service_tier" },
        { "[]", null },
        { "{", null },
    };

    public static TheoryData<string, string?> Extensions => new()
    {
        { "{}", "cost" },
        { """{"cost":-1}""", "cost" },
        { """{"cost":"1"}""", "cost" },
        { """{"cost":1e400}""", "cost" },
        { """{"cost":9223372036}""", "cost" },
        { """{"cost":1,"user":"bob"}""", "user" },
        { """{"cost":1,"cost":2}""", "cost" },
    };

    [Theory]
    [MemberData(nameof(Decisions))]
    public async Task T203_T210_A_bad_decision_names_its_field(string body, string? field)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        Answered answer = (await app.DecideAsync(body)).Is(HttpStatusCode.BadRequest);
        Assert.Equal(field, answer.Field);
        Assert.Equal((0m, 0m), await app.BooksAsync());
        Assert.Equal((0m, 0m), await app.BooksAsync("bob"));
    }

    [Theory]
    [InlineData("""{"user":"alice","id":"one","request":{"model":"cheap","messages":[{"role":"user","content":"\ud83d"}],"max_tokens":10}}""")]
    [InlineData("""{"user":"alice","id":"one","request":{"model":"cheap","messages":[{"role":"user","content":"x"}],"max_tokens":10,"user":"\ud83d"}}""")]
    public async Task T203_Half_a_character_in_a_prompt_is_costed_as_ever(string body)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(body)).Allowed().HoldId;
        Assert.Equal(hold, (await app.DecideAsync(body)).Allowed().HoldId);
        Assert.True((await app.BooksAsync()).Held > 0);
    }

    [Theory]
    [InlineData("""{"user":"alice","request":{"model":"?","messages":[]}}""")]
    [InlineData("""{"user":"alice","request":{"?":1,"model":"cheap","messages":[]}}""")]
    [InlineData("""{"user":"alice","id":"one","request":{"model":"cheap","messages":[{"role":"user","content":"?"}]}}""")]
    public async Task T210_A_body_in_no_UTF8_is_400(string body)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        byte[] bytes = Encoding.ASCII.GetBytes(body);
        bytes[body.IndexOf('?', StringComparison.Ordinal)] = 0xff;
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new("application/json");
        using HttpResponseMessage answer = await app.App.Client.PostAsync("/budgetguard/api/decisions", content);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Settlements))]
    public async Task T203_T210_A_bad_settlement_names_its_field_and_settles_nothing(string body, string? field)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Answered answer = (await app.PostAsync($"/holds/{hold}/settle", body)).Is(HttpStatusCode.BadRequest);
        Assert.Equal(field, answer.Field);
        Assert.Equal((0m, 0.5m), await app.BooksAsync());
    }

    [Theory]
    [MemberData(nameof(Extensions))]
    public async Task T203_T210_A_bad_extension_names_its_field_and_holds_nothing(string body, string? field)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Answered answer = (await app.PostAsync($"/holds/{hold}/extend", body)).Is(HttpStatusCode.BadRequest);
        Assert.Equal(field, answer.Field);
        Assert.Equal((0m, 0.5m), await app.BooksAsync());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json5")]
    public async Task T210_Another_type_of_content_is_415(string contentType)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        (await app.PostAsync("/decisions", """{"user":"alice","estimated_cost":0.1}""", contentType: contentType)).Is(HttpStatusCode.UnsupportedMediaType);
        (await app.PostAsync("/holds/x/settle", """{"cost":0.1}""", contentType: contentType)).Is(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task T210_A_body_above_its_bound_is_413()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"MaxInspectedBodyBytes":1048576,"Budgets":{"daily":{"Limit":1,"Period":"Day","Per":["User"]}}}""");
        string long1 = new('a', 1_048_576);
        (await app.DecideAsync($$"""{"user":"alice","request":{"model":"cheap","messages":["{{long1}}"] } }""")).Is(HttpStatusCode.RequestEntityTooLarge);
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        (await app.PostAsync($"/holds/{hold}/settle", $$"""{"cost":0.1,"model":"{{new string('a', 65_536)}}"}""")).Is(HttpStatusCode.RequestEntityTooLarge);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.0", 0)]
    [InlineData("0e400", 0)]
    [InlineData("0.000000001", 1)]
    [InlineData("1e-9", 1)]
    [InlineData("10e-10", 1)]
    [InlineData("1.50", 1_500_000_000)]
    [InlineData("1.500000000000000000000000000000", 1_500_000_000)]
    [InlineData("15E-1", 1_500_000_000)]
    [InlineData("0.15e+1", 1_500_000_000)]
    [InlineData("9007199254.740993", 9_007_199_254_740_993_000)]
    [InlineData("9223372036", 9_223_372_036_000_000_000)]
    [InlineData("9223372035.99999999900000000000000000000000000000000001", 9_223_372_036_000_000_000)]
    [InlineData("0.0000000001", 1)]
    [InlineData("0.1234567891", 123_456_790)]
    [InlineData("0.123456789000000000000000000000000000000000000000001", 123_456_790)]
    [InlineData("1e-400", 1)]
    public void An_amount_is_read_to_its_last_digit_and_rounded_up_to_a_nano_dollar(string number, long nanos)
    {
        UsdAmount amount = UsdAmount.Parse(Encoding.ASCII.GetBytes(number));
        Assert.Null(amount.Problem);
        Assert.Equal(nanos, amount.Value.Nanos);
    }
}
