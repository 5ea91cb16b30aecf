using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>Ways past the guard at the level of the connection.</summary>
public sealed class TunnelTests : GatewayTests
{
    [Theory]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")]
    [InlineData("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")]
    [InlineData("Connection: Upgrade\r\nUpgrade: anything/1\r\n")]
    public async Task T217_Upgrade_is_refused(string headers)
    {
        GatewayUnderTest gateway = await StartAsync();
        foreach (string path in (string[])[Calls.Chat, Calls.Messages, Calls.Gemini, "/v1/models"])
        {
            foreach (string method in (string[])["GET", "POST"])
            {
                string answer = await RawHttp.SendAsync(gateway.Address, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-User-ID: alice\r\nContent-Length: 0\r\n{headers.Replace("Connection: ", "Connection: close, ", StringComparison.Ordinal)}\r\n");
                Assert.InRange(RawHttp.StatusOf(answer), 400, 499);
            }
        }

        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData("CONNECT localhost:443")]
    [InlineData("CONNECT /v1/chat/completions")]
    [InlineData("TRACE /v1/chat/completions")]
    [InlineData("TRACE /v1/models")]
    [InlineData("DELETE /v1/models/x")]
    [InlineData("PUT /v1/chat/completions")]
    [InlineData("PRI *")]
    public async Task T217_Method_that_no_route_has_is_refused(string line)
    {
        GatewayUnderTest gateway = await StartAsync();
        string answer = await RawHttp.SendAsync(gateway.Address, $"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.InRange(RawHttp.StatusOf(answer), 400, 499);
        Assert.Equal(0, Provider.Hits);
    }

    [Fact]
    public async Task T217_Connection_that_begins_with_another_protocol_is_refused()
    {
        GatewayUnderTest gateway = await StartAsync();
        string answer = await RawHttp.SendAsync(gateway.Address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
        Assert.Equal(0, Provider.Hits);
    }

    [Fact]
    public async Task Headers_of_one_connection_go_no_further()
    {
        GatewayUnderTest gateway = await StartAsync();
        Provider.Default = new Script { Headers = new Dictionary<string, string> { ["Keep-Alive"] = "timeout=99", ["Proxy-Authenticate"] = "Basic" } };
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat));
        request.Headers.Connection.Add("X-Hop");
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)
            [("X-Hop", "hop"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"), ("Proxy-Authorization", "Basic hop"), ("Proxy-Connection", "keep-alive"), ("X-Kept", "yes")])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.Equal("yes", call.Headers["X-Kept"]);
        foreach (string name in (string[])["X-Hop", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection"])
        {
            Assert.False(call.Headers.ContainsKey(name), $"{name} was forwarded.");
        }

        Assert.False(answer.Headers.Contains("Keep-Alive"));
        Assert.False(answer.Headers.Contains("Proxy-Authenticate"));
    }

    [Theory]
    [InlineData("/v1/fine_tuning/jobs")]
    [InlineData("/v1/files")]
    [InlineData("/v1/chat/completions/extra")]
    [InlineData("/v1/chat%2fcompletions")]
    [InlineData("//v1/chat/completions")]
    [InlineData("/openai/v1/unknown")]
    [InlineData("/openai/anthropic/v1/messages")]
    [InlineData("/anthropic/v1/chat/completions")]
    [InlineData("/v1beta/models/quill:unknown")]
    [InlineData("/v1beta/models/quill%2f..%2fquill:generateContent")]
    [InlineData("/v1beta/tunedModels/quill:generateContent")]
    [InlineData("/")]
    public async Task Unknown_route_is_404_and_never_forwarded(string path)
    {
        GatewayUnderTest gateway = await StartAsync();
        string answer = await RawHttp.SendAsync(gateway.Address, RawHttp.Post(path, "Connection: close\r\n", Calls.Body(path)));
        Assert.Equal(404, RawHttp.StatusOf(answer));
        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData("/v1/models/..;/files")]
    [InlineData("/v1/models/..%5Cfiles")]
    [InlineData("/v1/models/%252e%252e/files")]
    [InlineData("/v1/models/..%2Ffiles")]
    [InlineData("/openai/v1/models/..;/files")]
    [InlineData("/v1/models/gpt%01")]
    [InlineData("/v1/models/a//files")]
    [InlineData("/v1/models/gpt-4o/")]
    public async Task Path_that_another_server_may_read_as_another_route_is_404_and_not_forwarded(string path)
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:Upstreams:openai:ApiKey"] = "sk-provider" });
        string answer = await RawHttp.SendAsync(gateway.Address, $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.Equal(404, RawHttp.StatusOf(answer));
        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData("gpt-4o")]
    [InlineData("ft:gpt-4o-mini:acme::7p4lURel")]
    [InlineData("hf.co/acme/Quill-7B_GGUF:Q4_K_M")]
    [InlineData("@cf/meta/llama-3")]
    public async Task Model_is_read_by_its_name_also_where_that_has_segments(string model)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.Client.GetAsync(new Uri("/v1/models/" + model, UriKind.Relative));
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("/v1/models/" + model, (await Provider.ArrivedAsync()).Path);
    }

    [Theory]
    [InlineData("X-Original-URL", "/v1/files")]
    [InlineData("X-Rewrite-URL", "/v1/files")]
    [InlineData("X-Forwarded-For", "10.0.0.1")]
    [InlineData("x-forwarded-host", "evil.example")]
    [InlineData("X-Forwarded-Prefix", "/admin")]
    [InlineData("Forwarded", "for=10.0.0.1;host=evil.example")]
    public async Task Header_that_tells_of_another_address_is_not_forwarded(string name, string value)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat));
        request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain((await Provider.ArrivedAsync()).Headers, header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("/openai", Calls.Chat)]
    [InlineData("/anthropic", Calls.Messages)]
    [InlineData("/gemini", Calls.Gemini)]
    public async Task Route_is_also_under_its_vendors_name(string prefix, string path)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.PostAsync(prefix + path, Calls.Body(path));
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(path, (await Provider.ArrivedAsync()).Path);
        await gateway.QuietAsync();
        Assert.Equal(Provider.Bill, await gateway.SettledAsync("alice"));
    }
}
