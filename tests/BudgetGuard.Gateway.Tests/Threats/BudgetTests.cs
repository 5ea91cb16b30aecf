using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>Budgets as callers of the gateway meet them.</summary>
public sealed class BudgetTests : GatewayTests
{
    private const string Cents = """{"ExposeAmounts":true,"Budgets":{"own":{"Limit":0.01,"Period":"Total","Per":["User"],"OnExceeded":"Reject"},"rpm":{"Requests":3,"Period":"Year","Per":["User"],"OnExceeded":"Throttle"}}}""";

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    [InlineData("gzip, gzip")]
    [InlineData("unknown")]
    public async Task T57_Compressed_body_is_read_or_refused(string encoding)
    {
        GatewayUnderTest gateway = await StartAsync(Cents);
        byte[] body = Encoding.UTF8.GetBytes(Calls.Body(Calls.Chat, maxTokens: 32_000));
        using ByteArrayContent content = new(encoding == "gzip" ? Gzip(body) : body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        using HttpRequestMessage request = new(HttpMethod.Post, Calls.Chat) { Content = content };
        request.Headers.Add("X-User-ID", "alice");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        Assert.InRange((int)answer.StatusCode, 400, 499);
        Assert.Equal(0, Provider.Hits);
    }

    [Fact]
    public async Task T57_Compressed_body_that_the_budget_pays_for_reaches_the_provider_as_it_was_sent()
    {
        GatewayUnderTest gateway = await StartAsync();
        byte[] body = Gzip(Encoding.UTF8.GetBytes(Calls.Body(Calls.Chat)));
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using HttpRequestMessage request = new(HttpMethod.Post, Calls.Chat) { Content = content };
        request.Headers.Add("X-User-ID", "alice");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.Equal("gzip", call.Headers["Content-Encoding"]);
    }

    [Fact]
    public async Task Body_reaches_the_provider_as_it_was_sent()
    {
        GatewayUnderTest gateway = await StartAsync();
        const string Body = """{ "messages" : [ {"content":"h\u00e9llo \ud83d\ude00","role":"user"} ], "max_tokens":5e1, "model":"quill" , "unknown":[1.0,2.50]}""";
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Body, (await Provider.ArrivedAsync()).Body);
    }

    [Theory]
    [InlineData(Calls.Chat)]
    [InlineData(Calls.Messages)]
    [InlineData(Calls.Gemini)]
    [InlineData(Calls.GeminiStream)]
    [InlineData("/openai" + Calls.Chat)]
    [InlineData("/anthropic" + Calls.Messages)]
    [InlineData("/gemini" + Calls.Gemini)]
    public async Task T214_Denial_has_the_vendors_shape_and_the_guards_members_beside_it(string path)
    {
        GatewayUnderTest gateway = await StartAsync(Cents);
        using HttpResponseMessage reject = await gateway.PostAsync(path, Calls.Body(path, maxTokens: 32_000));
        Assert.Equal(HttpStatusCode.PaymentRequired, reject.StatusCode);
        Assert.Equal("false", reject.Headers.GetValues("x-should-retry").Single());
        AssertShape(path, JsonNode.Parse(await reject.Content.ReadAsStringAsync())!, 402, "reject");
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage allowed = await gateway.PostAsync(path, Calls.Body(path, maxTokens: 1));
            Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        }

        using HttpResponseMessage throttle = await gateway.PostAsync(path, Calls.Body(path, maxTokens: 1));
        Assert.Equal(HttpStatusCode.TooManyRequests, throttle.StatusCode);
        Assert.True(throttle.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        AssertShape(path, JsonNode.Parse(await throttle.Content.ReadAsStringAsync())!, 429, "throttle");
        Assert.Equal(3, Provider.Hits);
    }

    [Fact]
    public async Task T220_Free_route_in_a_loop_is_limited()
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:FreeRequestsPerMinute"] = "50" });
        int limited = 0;
        for (int i = 0; i < 200; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
            request.Headers.Add("X-User-ID", $"user-{i}");
            using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
            limited += answer.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
        }

        // The minute may turn once meanwhile.
        Assert.InRange(limited, 100, 150);
        Assert.Equal(200 - limited, Provider.Hits);
    }

    [Fact]
    public async Task T221_Budget_of_all_users_holds_for_all_of_them_together()
    {
        GatewayUnderTest gateway = await StartAsync("""{"Budgets":{"own":{"Limit":1,"Period":"Total","Per":["User"]},"all":{"Limit":1.00,"Period":"Total","OnExceeded":"Reject"}}}""");
        Provider.Default = new Script { Tokens = 1000 };
        int[] statuses = new int[150];
        await Parallel.ForAsync(0, statuses.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat), $"user-{i % 50}");
            statuses[i] = (int)answer.StatusCode;
        });
        await gateway.QuietAsync();
        Assert.All(statuses, static status => Assert.True(status is 200 or 402 or 429, $"status {status}"));
        Assert.InRange(Provider.Bill, 900_000_000, 1_000_000_000);
        Assert.Equal(Provider.Bill, await gateway.SettledAsync("anybody", "all"));
    }

    private static void AssertShape(string path, JsonNode body, int status, string decision)
    {
        JsonNode error = body["error"]!;
        Assert.NotNull((string?)error["message"]);
        if (path.Contains("/v1beta/", StringComparison.Ordinal))
        {
            Assert.Equal(status, (int)error["code"]!);
            Assert.NotNull((string?)error["status"]);
        }
        else if (path.EndsWith(Calls.Messages, StringComparison.Ordinal))
        {
            Assert.Equal("error", (string?)body["type"]);
            Assert.NotNull((string?)error["type"]);
        }
        else
        {
            Assert.Equal("insufficient_quota", (string?)error["type"]);
            Assert.Equal("budget_exceeded", (string?)error["code"]);
            Assert.True(error.AsObject().ContainsKey("param"));
        }

        Assert.Equal(decision, (string?)body["decision"]);
        Assert.Equal("alice", (string?)body["user_id"]);
        Assert.Equal("quill", (string?)body["model"]);
        Assert.Equal(decision == "reject" ? "own" : "rpm", (string?)body["budget"]);
        Assert.Equal(decision == "reject", body["retry_after"] is null);
    }

    private static byte[] Gzip(byte[] body)
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
        {
            gzip.Write(body);
        }

        return packed.ToArray();
    }
}
