using System.Net;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>A vendor that was forgotten is told of, and never stands behind a made-up answer; what nobody can answer costs nothing.</summary>
public sealed class UnansweredTests : GatewayTests
{
    private static readonly Dictionary<string, string?> OnlyOpenAI = new()
    {
        ["Gateway:Upstreams:anthropic:Address"] = null,
        ["Gateway:Upstreams:gemini:Address"] = null,
    };

    private static readonly Dictionary<string, string?> None = new(OnlyOpenAI) { ["Gateway:Upstreams:openai:Address"] = null };

    [Theory]
    [InlineData(Calls.Messages, "anthropic", "\"type\":\"api_error\"")]
    [InlineData("/anthropic" + Calls.Messages, "anthropic", "\"type\":\"api_error\"")]
    [InlineData("/v1/messages/count_tokens", "anthropic", "\"type\":\"api_error\"")]
    [InlineData(Calls.Gemini, "gemini", "\"status\":\"UNIMPLEMENTED\"")]
    [InlineData(Calls.GeminiStream, "gemini", "\"status\":\"UNIMPLEMENTED\"")]
    public async Task Vendor_without_an_address_is_501_beside_a_real_one_and_nothing_is_charged(string path, string vendor, string shape)
    {
        GatewayUnderTest gateway = await StartAsync(settings: OnlyOpenAI);
        using HttpResponseMessage answer = await gateway.PostAsync(path, Calls.Body(path));
        string body = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.NotImplemented, answer.StatusCode);
        Assert.Contains($"No upstream is configured for {vendor}", body, StringComparison.Ordinal);
        Assert.Contains(shape, body, StringComparison.Ordinal);
        await gateway.QuietAsync();
        Assert.Equal(0, await gateway.SettledAsync("alice"));
        Assert.Equal(0, Provider.Hits);

        using HttpResponseMessage real = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.Equal((HttpStatusCode.OK, 1), (real.StatusCode, Provider.Hits));
    }

    [Theory]
    [InlineData(Calls.Chat)]
    [InlineData(Calls.Messages)]
    [InlineData(Calls.Gemini)]
    public async Task Simulated_model_answers_where_no_vendor_has_an_address(string path)
    {
        GatewayUnderTest gateway = await StartAsync(settings: None);
        using HttpResponseMessage answer = await gateway.PostAsync(path, Calls.Body(path));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("[simulated] ", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/images/generations", """{"model":"gpt-image-1","prompt":"x","n":10,"quality":"high"}""")]
    [InlineData("/openai/v1/images/generations", """{"model":"gpt-image-1","prompt":"x","n":10,"quality":"high"}""")]
    [InlineData("/v1/audio/speech", """{"model":"tts-1-hd","input":"hello","voice":"alloy"}""")]
    [InlineData("/v1/audio/speech", "not even JSON")]
    public async Task Route_that_is_not_simulated_is_501_whatever_the_budget_says(string path, string body)
    {
        GatewayUnderTest gateway = await StartAsync("""{"Budgets":{"own":{"Limit":0.000001,"Period":"Total","Per":["User"],"OnExceeded":"Reject"}}}""", None);
        using HttpResponseMessage answer = await gateway.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.NotImplemented, answer.StatusCode);
        Assert.Contains("\"code\":\"not_simulated\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await gateway.QuietAsync();
        Assert.Equal(0, await gateway.SettledAsync("alice"));
    }

    [Fact]
    public async Task Key_is_asked_for_before_anything_is_told()
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?>(OnlyOpenAI) { ["Gateway:Keys:0:Key"] = "sk-caller", ["Gateway:Keys:0:User"] = "alice" });
        using HttpResponseMessage answer = await gateway.PostAsync(Calls.Messages, Calls.Body(Calls.Messages));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }
}
