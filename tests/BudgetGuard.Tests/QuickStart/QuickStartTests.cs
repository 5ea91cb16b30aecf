extern alias quickstart;

using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.QuickStart;

/// <summary>The calls that the README shows for the sample, sent to the sample.</summary>
public sealed class QuickStartTests
{
    [Fact]
    public async Task Calls_of_the_readme_are_answered_as_their_comments_say()
    {
        await using WebApplicationFactory<quickstart::Program> sample = Sample();
        using HttpClient client = sample.CreateClient();
        List<string> statuses = [];
        foreach (CurlCall call in CallsOfTheReadme())
        {
            using HttpRequestMessage request = call.ToRequest();
            using HttpResponseMessage answer = await client.SendAsync(request);
            string status = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
            statuses.Add(status);
            Assert.StartsWith(status, call.Comment, StringComparison.Ordinal);
            Assert.Equal(call.Comment!.Contains("Retry-After", StringComparison.Ordinal), answer.Headers.RetryAfter is not null);
        }

        Assert.Equal(["200", "200", "200", "429", "402"], statuses);

        JsonArray left = (await client.GetFromJsonAsync<JsonArray>("/budget"))!;
        Assert.Equal(["user_burst", "user_daily"], left.Select(budget => (string?)budget!["budget"]));
        Assert.Equal(0.05m, (decimal?)left[1]!["available"]);
        client.DefaultRequestHeaders.Add("X-User-ID", "alice");
        left = (await client.GetFromJsonAsync<JsonArray>("/budget"))!;
        Assert.Equal(0m, (decimal?)left[0]!["available"]);
        Assert.InRange((decimal?)left[1]!["available"] ?? 0m, 0.009m, 0.00999999m);
    }

    [Fact]
    public void Calls_of_the_sample_are_those_of_the_readme() => Assert.Equal(
        CallsOfTheReadme().Select(call => call.Command),
        CurlCall.Of("samples/QuickStart/README.md").Select(call => call.Command));

    [Theory]
    [InlineData("Bearer demo-token-bob", "bob")]
    [InlineData("Bearer wrong", "anonymous")]
    public async Task Token_beats_the_header(string authorization, string user)
    {
        await using WebApplicationFactory<quickstart::Program> sample = Sample();
        using HttpClient client = sample.CreateClient();
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/process") { Headers = { { "Authorization", authorization }, { "X-User-ID", "alice" } } };
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        IReadOnlyList<BudgetBalance> balances = await sample.Services.GetRequiredService<IBudgetGuard>().ReadAsync(new BudgetRequest { Subject = user });
        Assert.Equal(0.02m, balances[1].Settled);
    }

    [Fact]
    public async Task Health_is_told_and_not_guarded()
    {
        await using WebApplicationFactory<quickstart::Program> sample = Sample();
        using HttpClient client = sample.CreateClient();
        using HttpResponseMessage answer = await client.GetAsync("/health");
        Assert.Equal("Healthy", await answer.Content.ReadAsStringAsync());
        Assert.False(answer.Headers.Contains("X-BudgetGuard-Budget"));
    }

    /// <summary>The README also calls the gateway; those calls have no path of the sample.</summary>
    private static IEnumerable<CurlCall> CallsOfTheReadme() =>
        CurlCall.Of("README.md").Where(static call => call.Command.Contains("/api/", StringComparison.Ordinal));

    // On a clock that stands still: five calls never straddle a minute or a day.
    private static WebApplicationFactory<quickstart::Program> Sample() => new WebApplicationFactory<quickstart::Program>().WithWebHostBuilder(
        host => host.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(new FakeTimeProvider(new DateTimeOffset(2026, 6, 10, 12, 0, 0, TimeSpan.Zero)))));
}
