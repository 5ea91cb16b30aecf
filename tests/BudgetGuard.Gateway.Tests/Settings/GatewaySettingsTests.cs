using BudgetGuard.Gateway.Routing;
using BudgetGuard.Gateway.Settings;
using Microsoft.Extensions.Configuration;

namespace BudgetGuard.Gateway.Tests.Settings;

/// <summary>What the section Gateway says, and what of it is refused.</summary>
public sealed class GatewaySettingsTests
{
    [Fact]
    public void Nothing_configured_is_the_defaults()
    {
        GatewaySettings settings = Read([], out IReadOnlyList<string> problems);

        Assert.Empty(problems);
        Assert.Empty(settings.Keys);
        Assert.Equal((120, TimeSpan.FromSeconds(30)), (settings.FreeRequestsPerMinute, settings.ShutdownTimeout));
        Assert.All(Vendors.All, vendor => Assert.Equal(new UpstreamSettings(), settings.Upstreams[vendor]));
    }

    [Fact]
    public void Everything_configured_is_read()
    {
        GatewaySettings settings = Read(
            [
                ("Gateway:Store", "memory"), ("Gateway:ShutdownTimeout", "00:01:00"), ("Gateway:FreeRequestsPerMinute", "7"),
                ("Gateway:Upstreams:openai:Address", "https://x.example/base/"), ("Gateway:Upstreams:openai:ApiKey", "secret"),
                ("Gateway:Upstreams:openai:KeyHeader", "api-key"), ("Gateway:Upstreams:openai:ActivityTimeout", "90s"),
                ("Gateway:Keys:0:Key", "k0"), ("Gateway:Keys:0:User", "alice"), ("Gateway:Keys:0:Team", "red"), ("Gateway:AdminKey", "0123456789abcdef0123456789abcdef"), ("Gateway:_comment", "fine"),
            ],
            out IReadOnlyList<string> problems);

        Assert.Empty(problems);
        Assert.Equal((7, TimeSpan.FromMinutes(1)), (settings.FreeRequestsPerMinute, settings.ShutdownTimeout));
        Assert.Equal(
            new UpstreamSettings
            {
                Address = new Uri("https://x.example/base/"),
                ApiKey = "secret",
                KeyHeader = "api-key",
                ActivityTimeout = TimeSpan.FromSeconds(90),
            },
            settings.Upstreams[Vendor.OpenAI]);
        Assert.Equal("0123456789abcdef0123456789abcdef", settings.AdminKey);
        Assert.Equal(new CallerKeySettings("k0", "alice", "red"), Assert.Single(settings.Keys));
    }

    [Theory]
    [InlineData("Gateway:Stoer", "Memory", "Gateway:Stoer: unknown key")]
    [InlineData("Gateway:Store", "Disk", "Gateway:Store: 'Disk' is no store; expected Memory, Sqlite or Redis")]
    [InlineData("Gateway:Store", "1", "Gateway:Store: '1' is no store; expected Memory, Sqlite or Redis")]
    [InlineData("Gateway:ConnectionString", "Data Source=a.db;Mode=Memory", "Gateway:ConnectionString: 'mode' is not for you to set; expected only Data Source=FILE")]
    [InlineData("Gateway:ConnectionString", "=a;=", "Gateway:ConnectionString: is no connection string; expected Data Source=FILE, or a file")]
    [InlineData("Gateway:Leases", "true", "Gateway:Leases: the store Sqlite has no such setting")]
    [InlineData("Gateway:ShutdownTimeout", "30", "Gateway:ShutdownTimeout: '30' is no such duration")]
    [InlineData("Gateway:ShutdownTimeout", "0s", "Gateway:ShutdownTimeout: '0s' is no such duration")]
    [InlineData("Gateway:ShutdownTimeout", "24:00:00", "Gateway:ShutdownTimeout: '24:00:00' is no such duration")]
    [InlineData("Gateway:FreeRequestsPerMinute", "-1", "Gateway:FreeRequestsPerMinute: '-1' is no such number")]
    [InlineData("Gateway:FreeRequestsPerMinute", "0x10", "Gateway:FreeRequestsPerMinute: '0x10' is no such number")]
    [InlineData("Gateway:Upstreams", "x", "Gateway:Upstreams: has a value")]
    [InlineData("Gateway:Upstreams:opnai:Address", "http://x", "Gateway:Upstreams:opnai: unknown key; expected one of openai, anthropic, gemini")]
    [InlineData("Gateway:Upstreams:openai:Adress", "http://x", "Gateway:Upstreams:openai:Adress: unknown key")]
    [InlineData("Gateway:Upstreams:openai:Address", "api.example.com", "Gateway:Upstreams:openai:Address: 'api.example.com' is no base address")]
    [InlineData("Gateway:Upstreams:openai:Address", "ftp://x", "Gateway:Upstreams:openai:Address: 'ftp://x' is no base address")]
    [InlineData("Gateway:Upstreams:openai:Address", "https://x/v1/", "Gateway:Upstreams:openai:Address: 'https://x/v1/' ends with the version")]
    [InlineData("Gateway:Upstreams:openai:Address", "https://x/v1/chat/completions", "Gateway:Upstreams:openai:Address: 'https://x/v1/chat/completions' ends with the route /v1/chat/completions")]
    [InlineData("Gateway:Upstreams:openai:Address", "https://x/base/v1/Models/", "Gateway:Upstreams:openai:Address: 'https://x/base/v1/Models/' ends with the route /v1/models")]
    [InlineData("Gateway:Upstreams:anthropic:Address", "https://x/v1/messages", "Gateway:Upstreams:anthropic:Address: 'https://x/v1/messages' ends with the route /v1/messages")]
    [InlineData("Gateway:Upstreams:gemini:Address", "https://x/v1beta/models", "Gateway:Upstreams:gemini:Address: 'https://x/v1beta/models' ends with the route /v1beta/models")]
    [InlineData("Gateway:Upstreams:openai:ApiKey", "secret", "Gateway:Upstreams:openai:ApiKey: is set without an address")]
    [InlineData("Gateway:Upstreams:openai:KeyHeader", "a b", "Gateway:Upstreams:openai:KeyHeader: 'a b' is no header name")]
    [InlineData("Gateway:Upstreams:openai:KeyHeader", "Host", "Gateway:Upstreams:openai:KeyHeader: 'Host' is a header of the message itself")]
    [InlineData("Gateway:Upstreams:openai:KeyHeader", "content-type", "Gateway:Upstreams:openai:KeyHeader: 'content-type' is a header of the message itself")]
    [InlineData("Gateway:Upstreams:openai:KeyHeader", "Content-Length", "Gateway:Upstreams:openai:KeyHeader: 'Content-Length' is a header of the message itself")]
    [InlineData("Gateway:Upstreams:openai:KeyHeader", "Connection", "Gateway:Upstreams:openai:KeyHeader: 'Connection' is a header of the message itself")]
    [InlineData("Gateway:Upstreams:openai:KeyHeader", "Transfer-Encoding", "Gateway:Upstreams:openai:KeyHeader: 'Transfer-Encoding' is a header of the message itself")]
    [InlineData("Gateway:Upstreams:openai:ActivityTimeout", "soon", "Gateway:Upstreams:openai:ActivityTimeout: 'soon' is no such duration")]
    [InlineData("Gateway:Keys:x:Key", "k", "Gateway:Keys:x: unknown key")]
    [InlineData("Gateway:Keys:0:Key", "k", "Gateway:Keys:0:User: is missing")]
    [InlineData("Gateway:Keys:0:User", "alice", "Gateway:Keys:0:Key: is missing")]
    [InlineData("Gateway:Keys:0:Name", "alice", "Gateway:Keys:0:Name: unknown key")]
    [InlineData("Gateway:AdminKey", "0123456789abcdef0123456789abcde", "Gateway:AdminKey: is shorter than 32 characters")]
    [InlineData("urls", "foo", "urls: 'foo' is no address to listen on")]
    public void Value_that_cannot_be_used_is_named_with_what_is_expected(string key, string value, string problem)
    {
        Read([(key, value)], out IReadOnlyList<string> problems);
        Assert.Contains(problems, told => told.StartsWith(problem, StringComparison.Ordinal));
        Assert.All(problems, static told => Assert.Contains("expected", told, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Gateway:Upstreams:openai:ApiKey", "hush hush")]
    [InlineData("Gateway:Upstreams:openai:ApiKey", "hush\r\nX-Evil: 1")]
    [InlineData("Gateway:Keys:0:Key", "hush hüsh")]
    [InlineData("Gateway:AdminKey", "hush")]
    [InlineData("Gateway:AdminKey", "hush hush hush hush hush hush hush hush")]
    [InlineData("Gateway:Upstreams:openai:Address", "https://user:hush@x")]
    [InlineData("Gateway:Upstreams:openai:Address", "https://x?key=hush")]
    public void Secret_that_cannot_be_used_is_refused_and_never_shown(string key, string value)
    {
        Read([(key, value)], out IReadOnlyList<string> problems);
        Assert.Contains(problems, told => told.StartsWith(key, StringComparison.Ordinal));
        Assert.All(problems, static told => Assert.DoesNotContain("hush", told, StringComparison.Ordinal));
    }

    [Fact]
    public void Key_that_is_there_twice_is_refused_without_being_shown()
    {
        Read(
            [("Gateway:Keys:0:Key", "hush"), ("Gateway:Keys:0:User", "a"), ("Gateway:Keys:1:Key", "hush"), ("Gateway:Keys:1:User", "b")],
            out IReadOnlyList<string> problems);
        Assert.StartsWith("Gateway:Keys:1:Key: is there twice", Assert.Single(problems), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Administration_key_that_a_caller_has_too_is_refused_without_being_shown()
    {
        const string key = "hush-hush-hush-hush-hush-hush-hush-hush";
        Read([("Gateway:Keys:0:Key", key), ("Gateway:Keys:0:User", "a"), ("Gateway:AdminKey", key)], out IReadOnlyList<string> problems);
        Assert.StartsWith("Gateway:AdminKey: is the key of a caller too", Assert.Single(problems), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        Read([("Gateway:Foo", "1"), ("Gateway:Store", "Disk"), ("Gateway:ShutdownTimeout", "x"), ("Gateway:Upstreams:gemini:Address", "x")], out IReadOnlyList<string> problems);
        Assert.Equal(4, problems.Count);
    }

    [Theory]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://127.9.9.9", true)]
    [InlineData("http://localhost:5080", true)]
    [InlineData("https://[::1]:5080", true)]
    [InlineData("http://unix:/run/gateway.sock", true)]
    [InlineData("http://0.0.0.0:5080", false)]
    [InlineData("http://*:5080", false)]
    [InlineData("http://+:5080", false)]
    [InlineData("http://[::]:5080", false)]
    [InlineData("http://10.0.0.1:5080", false)]
    [InlineData("http://localhost.example.com:5080", false)]
    [InlineData("http://127.0.0.1.example.com:5080", false)]
    [InlineData("nonsense", false)]
    public void Only_what_is_surely_of_this_machine_is_loopback(string address, bool isLoopback) =>
        Assert.Equal(isLoopback, OpenProxy.IsLoopback(address));

    [Theory]
    [InlineData("urls", "http://127.0.0.1:1;http://0.0.0.0:2")]
    [InlineData("http_ports", "8080")]
    [InlineData("https_ports", "8443")]
    [InlineData("Kestrel:Endpoints:Main:Url", "http://*:80")]
    public void Open_proxy_is_refused_however_its_address_is_said(string key, string value)
    {
        (string, string)[] upstream = [("Gateway:Upstreams:openai:Address", "http://x"), ("Gateway:Upstreams:openai:ApiKey", "hush"), (key, value)];
        Read(upstream, out IReadOnlyList<string> problems);
        Assert.Contains("open proxy", Assert.Single(problems), StringComparison.Ordinal);

        Read([.. upstream, ("Gateway:Keys:0:Key", "k"), ("Gateway:Keys:0:User", "alice")], out problems);
        Assert.Empty(problems);
    }

    private static GatewaySettings Read((string Key, string Value)[] values, out IReadOnlyList<string> problems) => GatewaySettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(static pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))).Build(),
        out problems);
}
