using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>A web page that is open on the machine of a gateway without keys must not spend the provider's.</summary>
public sealed class WebPageTests : GatewayTests
{
    private static readonly Dictionary<string, string?> Open = new() { ["Gateway:Upstreams:openai:ApiKey"] = "sk-provider" };

    private static readonly Dictionary<string, string?> Keyed = new(Open) { ["Gateway:Keys:0:Key"] = "sk-caller", ["Gateway:Keys:0:User"] = "alice" };

    [Theory]
    [InlineData("Host: evil.example")]
    [InlineData("Host: evil.example:5080")]
    [InlineData("Host: localhost.evil.example")]
    [InlineData("Host: 127.0.0.1.evil.example:5080")]
    [InlineData("Host: 10.0.0.1")]
    [InlineData("Host: [2001:db8::1]:5080")]
    [InlineData("Host: ")]
    [InlineData("Host: localhost\r\nSec-Fetch-Site: cross-site")]
    [InlineData("Host: localhost\r\nSec-Fetch-Site: same-site")]
    [InlineData("Host: localhost\r\nOrigin: https://evil.example")]
    [InlineData("Host: localhost\r\nOrigin: http://127.0.0.1.evil.example:5080")]
    [InlineData("Host: localhost\r\nOrigin: null")]
    public async Task Request_of_a_page_is_refused_without_keys(string head)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Open);
        string answer = await SendAsync(gateway, Calls.Chat, head);
        Assert.Equal(403, RawHttp.StatusOf(answer));
        Assert.Contains("\"code\":\"not_local\"", answer, StringComparison.Ordinal);
        Assert.Equal(0, Provider.Hits);
    }

    [Theory]
    [InlineData("Host: localhost")]
    [InlineData("Host: LOCALHOST:1")]
    [InlineData("Host: 127.0.0.1:5080")]
    [InlineData("Host: 127.8.8.8")]
    [InlineData("Host: [::1]:5080")]
    [InlineData("Host: [::1]")]
    [InlineData("Host: localhost\r\nSec-Fetch-Site: same-origin\r\nOrigin: http://localhost:5080")]
    [InlineData("Host: localhost\r\nSec-Fetch-Site: none")]
    public async Task Request_of_a_program_passes_without_keys(string head)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Open);
        Assert.Equal(200, RawHttp.StatusOf(await SendAsync(gateway, Calls.Chat, head)));
        Assert.Equal(1, Provider.Hits);
    }

    [Theory]
    [InlineData("Host: gateway.example\r\nAuthorization: Bearer sk-caller", 200)]
    [InlineData("Host: localhost\r\nOrigin: https://page.example\r\nSec-Fetch-Site: cross-site\r\nAuthorization: Bearer sk-caller", 200)]
    [InlineData("Host: gateway.example", 401)]
    public async Task Keys_decide_where_there_are_any(string head, int status)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keyed);
        Assert.Equal(status, RawHttp.StatusOf(await SendAsync(gateway, Calls.Chat, head)));
    }

    [Theory]
    [InlineData(Calls.Messages, "\"type\":\"permission_error\"")]
    [InlineData(Calls.Gemini, "\"status\":\"PERMISSION_DENIED\"")]
    public async Task Refusal_has_the_shape_of_the_vendor(string path, string shape)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Open);
        string answer = await SendAsync(gateway, path, "Host: evil.example");
        Assert.Equal(403, RawHttp.StatusOf(answer));
        Assert.Contains(shape, answer, StringComparison.Ordinal);
    }

    private static Task<string> SendAsync(GatewayUnderTest gateway, string path, string head)
    {
        string body = Calls.Body(path);
        return RawHttp.SendAsync(
            gateway.Address,
            $"POST {path} HTTP/1.1\r\n{head}\r\nX-User-ID: alice\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }
}
