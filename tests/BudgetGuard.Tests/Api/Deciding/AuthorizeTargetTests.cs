using System.Net;
using System.Text;
using static BudgetGuard.Tests.Api.Deciding.Proxies;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>Which request a proxy asks about, and whether it is guarded.</summary>
public sealed class AuthorizeTargetTests
{
    private const string Plenty = """{"Budgets":{"daily":{"Limit":1000,"Period":"Day","Per":["User"]}}}""";

    [Theory]
    [InlineData("/health", "GET")]
    [InlineData("/health/live?x=/work", "POST")]
    [InlineData("/work", "OPTIONS")]
    [InlineData("/%68ealth", "GET")]
    public async Task What_the_filters_let_off_passes_uncharged(string uri, string method)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        await app.App.ExhaustAsync();
        using HttpResponseMessage answer = await NginxAsync(app, uri, method);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Theory]
    [InlineData("/health/../work", "GET")]
    [InlineData("/health/%2e%2e/work", "GET")]
    [InlineData("/health;x=1", "GET")]
    [InlineData("//health", "GET")]
    [InlineData("/healthy", "GET")]
    [InlineData("/work?/health", "GET")]
    [InlineData(Chat, "OPTIONS")]
    public async Task What_only_looks_as_if_it_were_let_off_is_charged(string uri, string method)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        await app.App.ExhaustAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Root + "?profile=nginx");
        request.Headers.Add("X-User-ID", "alice");
        request.Headers.TryAddWithoutValidation("X-Original-URI", uri);
        request.Headers.Add("X-Original-Method", method);
        if (method == "OPTIONS")
        {
            // A body makes it a call of a model, whatever its method.
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage answer = await app.App.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?profile=apache")]
    [InlineData("?profile=Nginx")]
    [InlineData("?profile=")]
    [InlineData("?profile=nginx&profile=nginx")]
    [InlineData("?profile=nginx")]
    [InlineData("?profile=traefik")]
    public async Task A_profile_that_is_unknown_or_lacks_its_headers_is_400(string query)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        using HttpResponseMessage answer = await app.App.SendAsync(HttpMethod.Get, Root + query);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    [Theory]
    [InlineData("work")]
    [InlineData("http://other/work")]
    [InlineData("/work%00")]
    public async Task A_target_that_is_no_path_is_400(string uri)
    {
        await using DecidingApp app = await DecidingApp.StartAsync();
        using HttpResponseMessage answer = await NginxAsync(app, uri);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_method_that_is_not_told_may_be_any()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        using HttpResponseMessage answer = await NginxAsync(app, "/openai/deployments/exp/chat/completions", method: null);
        Assert.True((await app.BooksAsync()).Settled > 1m);
    }
}
