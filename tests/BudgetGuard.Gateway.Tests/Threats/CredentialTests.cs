using System.Net;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>Credentials and identities stay on their own side of the gateway.</summary>
public sealed class CredentialTests : GatewayTests
{
    private const string ProviderKey = "sk-provider-canary-9f3e";
    private const string CallerKey = "sk-caller-canary-71aa";

    private static readonly Dictionary<string, string?> Keyed = new()
    {
        ["Gateway:Upstreams:openai:ApiKey"] = ProviderKey,
        ["Gateway:Upstreams:anthropic:ApiKey"] = ProviderKey,
        ["Gateway:Upstreams:gemini:ApiKey"] = ProviderKey,
        ["Gateway:Keys:0:Key"] = CallerKey,
        ["Gateway:Keys:0:User"] = "bob",
        ["Gateway:Keys:0:Team"] = "blue",
    };

    [Theory]
    [InlineData(Calls.Chat, "Authorization", "Bearer ")]
    [InlineData(Calls.Chat, "x-api-key", "")]
    [InlineData(Calls.Chat, "api-key", "")]
    [InlineData(Calls.Messages, "x-api-key", "")]
    [InlineData(Calls.Messages, "Authorization", "Bearer ")]
    [InlineData(Calls.Gemini, "x-goog-api-key", "")]
    [InlineData(Calls.GeminiStream, "x-goog-api-key", "")]
    public async Task T211_Provider_sees_only_its_own_key_and_the_caller_never_does(string path, string header, string scheme)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keyed);
        Provider.Default = new Script { Headers = new Dictionary<string, string> { ["Set-Cookie"] = "session=provider", ["x-request-id"] = "r-17" } };
        using HttpRequestMessage request = GatewayUnderTest.Post(path, Calls.Body(path));
        request.Headers.Add(header, scheme + CallerKey);
        request.Headers.Add("Cookie", "session=caller");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        ProviderCall call = await Provider.ArrivedAsync();
        string seen = string.Join('\n', call.Headers.Select(static pair => $"{pair.Key}: {pair.Value}")) + call.Query;
        Assert.DoesNotContain(CallerKey, seen, StringComparison.Ordinal);
        Assert.DoesNotContain("session=", seen, StringComparison.Ordinal);
        string own = path == Calls.Chat ? "Authorization" : path == Calls.Messages ? "x-api-key" : "x-goog-api-key";
        Assert.Equal(own == "Authorization" ? $"Bearer {ProviderKey}" : ProviderKey, call.Headers[own]);
        Assert.Single(call.Headers, static pair => pair.Value.Contains(ProviderKey, StringComparison.Ordinal));
        string given = answer.Headers + await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain(ProviderKey, given, StringComparison.Ordinal);
        Assert.DoesNotContain("session=", given, StringComparison.Ordinal);
        Assert.Contains("r-17", given, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T211_Key_in_the_query_of_a_gemini_call_is_known_and_goes_no_further()
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keyed);
        using HttpResponseMessage answer = await gateway.PostAsync($"{Calls.GeminiStream}&key={CallerKey}", Calls.Body(Calls.GeminiStream));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.Equal("?alt=sse", call.Query);
        Assert.Equal(ProviderKey, call.Headers["x-goog-api-key"]);
    }

    [Fact]
    public async Task T211_Key_of_the_gateway_is_not_the_providers_even_where_the_provider_has_none()
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:Keys:0:Key"] = CallerKey, ["Gateway:Keys:0:User"] = "bob" });
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat));
        request.Headers.Add("Authorization", $"Bearer {CallerKey}");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.DoesNotContain(call.Headers, static pair => pair.Value.Contains(CallerKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Callers_credentials_pass_through_where_the_gateway_has_none()
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Messages, Calls.Body(Calls.Messages));
        request.Headers.Add("x-api-key", "sk-own");
        request.Headers.Add("anthropic-version", "2023-06-01");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.Equal("sk-own", call.Headers["x-api-key"]);
        Assert.Equal("2023-06-01", call.Headers["anthropic-version"]);
    }

    [Fact]
    public async Task T212_Name_of_the_caller_is_not_forwarded()
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat), "alice-canary");
        ProviderCall call = await Provider.ArrivedAsync();
        Assert.DoesNotContain(call.Headers, static pair => pair.Value.Contains("alice-canary", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("sk-unknown")]
    public async Task Caller_without_a_known_key_is_refused_and_nothing_is_forwarded(string? key)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keyed);
        foreach (string path in (string[])[Calls.Chat, Calls.Messages, Calls.Gemini, "/openai" + Calls.Chat, "/v1/moderations"])
        {
            using HttpRequestMessage request = GatewayUnderTest.Post(path, Calls.Body(path));
            if (key is not null)
            {
                request.Headers.Add("Authorization", $"Bearer {key}");
            }

            using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.Equal(0, Provider.Hits);
    }

    [Fact]
    public async Task Identity_comes_from_the_key_and_not_from_a_header()
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keyed);
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat), "mallory");
        request.Headers.Add("Authorization", $"Bearer {CallerKey}");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        await gateway.QuietAsync();
        Assert.Equal(Provider.Bill, await gateway.SettledAsync("bob"));
        Assert.Equal(0, await gateway.SettledAsync("mallory"));
    }

    [Fact]
    public async Task Team_of_the_key_pays_from_the_teams_budget()
    {
        GatewayUnderTest gateway = await StartAsync("""{"Budgets":{"team":{"Limit":1,"Period":"Total","Per":["Team"]}}}""", Keyed);
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat));
        request.Headers.Add("Authorization", $"Bearer {CallerKey}");
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        await gateway.QuietAsync();
        IReadOnlyList<BudgetBalance> balances = await gateway.Guard.ReadAsync(new BudgetRequest { Subject = new BudgetSubject("somebody") { Team = "blue" } });
        Assert.Equal(Provider.Bill, (long)(balances.Single(static balance => balance.Budget == "team").Settled * 1_000_000_000m));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task T213_Providers_refusal_of_the_gateways_key_is_told_in_neutral_words(int status)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keyed);
        foreach (string path in (string[])[Calls.Chat, Calls.Messages, Calls.Gemini])
        {
            Provider.Next(new Script { Status = status, Body = $$$"""{"error":{"message":"Incorrect API key provided: {{{ProviderKey}}}"}}""" });
            using HttpRequestMessage request = GatewayUnderTest.Post(path, Calls.Body(path));
            request.Headers.Add("Authorization", $"Bearer {CallerKey}");
            using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            Assert.DoesNotContain("sk-provider", answer.Headers + await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await gateway.QuietAsync();
        Assert.Equal(0, await gateway.SettledAsync("bob"));
    }
}
