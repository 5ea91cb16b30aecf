using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>What a provider may answer, and what the gateway makes of it.</summary>
public sealed class UpstreamAnswerTests : GatewayTests
{
    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(422)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(529)]
    public async Task T98_T99_Failure_of_the_provider_is_passed_on_once_and_costs_nothing(int status)
    {
        GatewayUnderTest gateway = await StartAsync();
        const string Error = """{"error":{"message":"no","type":"some_error","param":null,"code":"x"}}""";
        Provider.Default = new Script { Status = status, Body = Error, Headers = new Dictionary<string, string> { ["Retry-After"] = "7" } };
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(Error, await answer.Content.ReadAsStringAsync());
        Assert.Equal("7", answer.Headers.GetValues("Retry-After").Single());
        Assert.Equal(1, Provider.Hits);
        await gateway.QuietAsync();
        Assert.Equal(0, await gateway.SettledAsync("alice"));
    }

    [Fact]
    public async Task T99_Provider_that_cannot_be_reached_costs_nothing()
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:Upstreams:openai:Address"] = "http://127.0.0.1:1" });
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        await gateway.QuietAsync();
        Assert.Equal(0, await gateway.SettledAsync("alice"));
    }

    [Fact]
    public async Task T102_Call_that_fails_after_it_was_billed_is_not_repeated()
    {
        GatewayUnderTest gateway = await StartAsync();
        Provider.Next(new Script { Status = 500, Body = """{"error":{"message":"late"},"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}""" }, new Script());
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal(1, Provider.Hits);
        await gateway.QuietAsync();
        Assert.Equal((10 * 3000) + (20 * 15_000), await gateway.SettledAsync("alice"));
    }

    [Fact]
    public async Task T102_Call_on_a_connection_that_died_is_not_sent_twice()
    {
        GatewayUnderTest gateway = await StartAsync();
        using (HttpResponseMessage first = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat)))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        }

        Provider.Next(new Script { CutAfterBytes = 0 });
        using StreamClient client = new(gateway.Address);
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat));
        StreamReading reading = await client.ReadAsync(request, "\n\n"u8.ToArray());
        Assert.True(reading.Failure is not null || reading.Status >= 500);
        Assert.Equal(2, Provider.Hits);
    }

    [Theory]
    [InlineData("""{"error":{"message":"quota","type":"insufficient_quota"}}""", "application/json")]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n", "text/event-stream")]
    [InlineData("""{"id":"x","choices":[{"mess""", "application/json")]
    public async Task T101_Error_that_comes_as_success_is_passed_on_and_settled(string body, string type)
    {
        GatewayUnderTest gateway = await StartAsync();
        Provider.Default = new Script { Body = body, ContentType = type };
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        await gateway.QuietAsync();
        Assert.InRange(await gateway.SettledAsync("alice"), Provider.Bill, 20_000_000);
    }

    [Theory]
    [InlineData(Calls.Chat, false, "gzip")]
    [InlineData(Calls.Chat, true, "gzip")]
    [InlineData(Calls.Chat, true, "br")]
    [InlineData(Calls.Messages, true, "br")]
    [InlineData(Calls.Gemini, false, "br")]
    public async Task T111_Compressed_answer_is_charged_exactly_and_readable(string path, bool isStream, string encoding)
    {
        GatewayUnderTest gateway = await StartAsync();
        foreach (bool isForced in (bool[])[false, true])
        {
            long before = await gateway.SettledAsync("alice");
            Provider.Default = new Script { Tokens = 200, Encoding = encoding, EncodesAnyway = isForced };
            using HttpRequestMessage request = GatewayUnderTest.Post(path, Calls.Body(path, isStream));
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue(encoding));
            using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
            byte[] read = await InflateAsync(answer);
            ProviderCall call = await Provider.ArrivedAsync();

            // What a provider compresses against the client's and the gateway's will stays as it is.
            Assert.Equal(call.Answer(withoutUsageChunk: !answer.Content.Headers.ContentEncoding.Contains(encoding)), read);
            await gateway.QuietAsync();
            Assert.Equal(call.Bill, await gateway.SettledAsync("alice") - before);
        }
    }

    [Fact]
    public async Task T218_Headers_of_the_guard_are_the_guards_own()
    {
        GatewayUnderTest gateway = await StartAsync();
        Provider.Default = new Script { Headers = new Dictionary<string, string> { ["X-BudgetGuard-Budget"] = "spoof", ["X-BudgetGuard-Remaining"] = "999", ["X-BudgetGuard-Model"] = "spoof" } };
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.DoesNotContain("spoof", answer.Headers.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("999", answer.Headers.ToString(), StringComparison.Ordinal);
        Assert.Equal("own", answer.Headers.GetValues("X-BudgetGuard-Budget").Single());
    }

    [Theory]
    [InlineData(301)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task T219_Redirect_is_not_followed(int status)
    {
        await using FakeProvider other = await FakeProvider.StartAsync();
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:Upstreams:openai:ApiKey"] = "sk-provider" });
        Provider.Default = new Script { Status = status, Body = "", Headers = new Dictionary<string, string> { ["Location"] = new Uri(other.Address, Calls.Chat).ToString() }, BillsFailure = false };
        using HttpClientHandler handler = new() { AllowAutoRedirect = false };
        using HttpClient client = new(handler) { BaseAddress = gateway.Address };
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat));
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Location"));
        Assert.Equal(0, other.Connections);
    }

    private static async Task<byte[]> InflateAsync(HttpResponseMessage answer)
    {
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        await using Stream inflated = answer.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            _ => body,
        };
        MemoryStream all = new();
        await inflated.CopyToAsync(all);
        return all.ToArray();
    }
}
