using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>Requests that are refused whatever the budget says, each told in the vendor's own shape.</summary>
public sealed class RefusedBodyTests : GatewayTests
{
    public static TheoryData<string, string> Bodies()
    {
        TheoryData<string, string> all = [];
        foreach (string path in (string[])[Calls.Chat, Calls.Messages, Calls.Gemini, "/v1/responses", "/v1/embeddings"])
        {
            all.Add(path, """{"model":"chalk","model":"quill","max_tokens":5,"messages":[]}""");
            all.Add(path, """{"model":"chalk","MODEL":"quill","max_tokens":5,"messages":[]}""");
            all.Add(path, """{"model":"chalk","\u006dodel":"quill","messages":[]}""");
            all.Add(path, """{"model":"quill","max_tokens":""");
            all.Add(path, """{"model":"quill","max_tokens":1e400,"max_output_tokens":1e400,"messages":[],"generationConfig":{"maxOutputTokens":1e400}}""");
            all.Add(path, "not json");
            all.Add(path, "");
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task T53_T54_T55_Body_that_can_be_read_two_ways_is_refused_in_the_vendors_shape(string path, string body)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        AssertShape(path, 400, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData(Calls.Chat)]
    [InlineData(Calls.Messages)]
    [InlineData(Calls.Gemini)]
    public async Task T56_Body_in_another_encoding_is_refused_in_the_vendors_shape(string path)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpRequestMessage request = GatewayUnderTest.Post(path, "");
        request.Content = new ByteArrayContent(Encoding.Unicode.GetBytes(Calls.Body(path)));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        Assert.InRange((int)answer.StatusCode, 400, 415);
        AssertShape(path, (int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData(Calls.Chat)]
    [InlineData(Calls.Messages)]
    [InlineData(Calls.Gemini)]
    public async Task T59_Body_that_is_too_large_is_refused_in_the_vendors_shape(string path)
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["BudgetGuard:MaxInspectedBodyBytes"] = "100000" });
        using HttpResponseMessage answer = await gateway.PostAsync(path, Calls.Body(path, prompt: new string('x', 200_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        AssertShape(path, 413, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData("/v1/unknown")]
    [InlineData("/anthropic/v1/unknown")]
    [InlineData("/v1beta/models/quill:unknown")]
    public async Task Unknown_route_is_told_in_the_vendors_shape(string path)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.PostAsync(path, "{}");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        AssertShape(path, 404, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    [Theory]
    [InlineData(Calls.Chat)]
    [InlineData(Calls.Messages)]
    [InlineData(Calls.Gemini)]
    public async Task Unknown_key_is_told_in_the_vendors_shape(string path)
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:Keys:0:Key"] = "sk-known", ["Gateway:Keys:0:User"] = "bob" });
        using HttpResponseMessage answer = await gateway.PostAsync(path, Calls.Body(path));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        AssertShape(path, 401, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    private static void AssertShape(string path, int status, JsonNode body)
    {
        JsonNode error = body["error"]!;
        Assert.NotEmpty((string)error["message"]!);
        if (path.Contains("v1beta", StringComparison.Ordinal))
        {
            Assert.Equal(status, (int)error["code"]!);
            Assert.NotEmpty((string)error["status"]!);
        }
        else if (path.Contains("anthropic", StringComparison.Ordinal) || path == Calls.Messages)
        {
            Assert.Equal("error", (string?)body["type"]);
            Assert.NotEmpty((string)error["type"]!);
        }
        else
        {
            Assert.NotEmpty((string)error["type"]!);
            Assert.True(error.AsObject().ContainsKey("code"));
        }
    }
}
