using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BudgetGuard.Api.Deciding;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>An app that decides for others. Callers are told apart by the credential they present.</summary>
internal sealed class DecidingApp : IAsyncDisposable
{
    private const string Root = "/budgetguard/api";

    private static readonly Lazy<string> PriceFile = new(FakeModel.WritePriceFile);

    private DecidingApp(GuardedApp app) => App = app;

    public GuardedApp App { get; }

    public static async Task<DecidingApp> StartAsync(string section = GuardedApp.OneDollarADay, Action<GuardedAppSetup>? configure = null) => new(
        await GuardedApp.StartAsync(
            section,
            static app => DecisionRoutes.Map(app.MapGroup(Root)),
            setup =>
            {
                setup.Keys["BudgetGuard:PriceFile"] = PriceFile.Value;
                configure?.Invoke(setup);
            }));

    /// <summary>Sends a body to a route of the API.</summary>
    public async Task<Answered> PostAsync(string route, string json, string? caller = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Root + route)
        {
            Content = new StringContent(json, Encoding.UTF8, MediaTypeHeaderValue.Parse(contentType)),
        };
        return await SendAsync(request, caller);
    }

    public Task<Answered> DecideAsync(string json, string? caller = null) => PostAsync("/decisions", json, caller);

    /// <summary>Asks for an amount for alice.</summary>
    public Task<Answered> DecideAsync(decimal cost, string user = "alice", string? id = null, string? caller = null) => DecideAsync(
        string.Create(CultureInfo.InvariantCulture, $$"""{"user":"{{user}}","estimated_cost":{{cost}}{{(id is null ? "" : $",\"id\":\"{id}\"")}}}"""), caller);

    public Task<Answered> SettleAsync(string hold, decimal cost, string? caller = null) =>
        PostAsync($"/holds/{hold}/settle", string.Create(CultureInfo.InvariantCulture, $$"""{"cost":{{cost}}}"""), caller);

    public Task<Answered> ExtendAsync(string hold, decimal cost, string? caller = null) =>
        PostAsync($"/holds/{hold}/extend", string.Create(CultureInfo.InvariantCulture, $$"""{"cost":{{cost}}}"""), caller);

    public async Task<Answered> ReleaseAsync(string hold, string? caller = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"{Root}/holds/{hold}");
        return await SendAsync(request, caller);
    }

    /// <summary>What one budget has of a user: settled and held.</summary>
    public async Task<(decimal Settled, decimal Held)> BooksAsync(string user = "alice", string budget = "daily")
    {
        BudgetBalance balance = await App.BalanceAsync(user, budget);
        return (balance.Settled, balance.Held);
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();

    private async Task<Answered> SendAsync(HttpRequestMessage request, string? caller)
    {
        if (caller is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", caller);
        }

        using HttpResponseMessage answer = await App.Client.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return new Answered(answer.StatusCode, text, answer.Content.Headers.ContentType?.MediaType, answer.Headers.RetryAfter?.ToString());
    }
}

/// <summary>An answer of the API.</summary>
internal sealed record Answered(HttpStatusCode Status, string Text, string? MediaType, string? RetryAfter)
{
    private JsonElement? _json;

    public JsonElement Json => _json ??= JsonDocument.Parse(Text).RootElement;

    public string? Decision => Json.GetProperty("decision").GetString();

    public string HoldId => Json.GetProperty("hold_id").GetString()!;

    /// <summary>The member of the request's body that a problem blames.</summary>
    public string? Field => Json.TryGetProperty("field", out JsonElement blamed) ? blamed.GetString() : null;

    /// <summary>The same answer where it allows; fails where it does not.</summary>
    public Answered Allowed()
    {
        Assert.True(Status == HttpStatusCode.OK && Decision == "allow", $"{Status} {Text}");
        return this;
    }

    /// <summary>Asserts that it is a problem.</summary>
    public Answered Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{Status} {Text}");
        if ((int)status >= 400)
        {
            Assert.Equal("application/problem+json", MediaType);
            Assert.Equal((int)status, Json.GetProperty("status").GetInt32());
        }

        return this;
    }
}
