using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Shared;

/// <summary>An app on a free port whose API decides for others: a dollar a day for each user.</summary>
internal sealed class ApiNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private ApiNode(WebApplication app)
    {
        _app = app;
        _client = new HttpClient { BaseAddress = new Uri(app.Urls.First() + "/budgetguard/api/") };
    }

    public static async Task<ApiNode> StartAsync(Action<IBudgetGuardBuilder> use, params (string Key, string? Value)[] settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["BudgetGuard:Budgets:daily:Limit"] = "1",
            ["BudgetGuard:Budgets:daily:Period"] = "Day",
            ["BudgetGuard:Budgets:daily:Per"] = "User",
            ["BudgetGuard:Budgets:daily:OnExceeded"] = "Reject",
            ["BudgetGuard:StoreTimeout"] = "5s",
            ["BudgetGuard:FailOpen"] = "false",
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(static pair => pair.Key, static pair => pair.Value));
        use(builder.Services.AddBudgetGuard());
        WebApplication app = builder.Build();
        app.MapBudgetGuardApi();
        await app.StartAsync();
        return new ApiNode(app);
    }

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public Task<ApiReply> DecideAsync(decimal cost, string? id = null, string caller = "app") =>
        DecideAsync(string.Create(CultureInfo.InvariantCulture, $$"""{"user":"ann","estimated_cost":{{cost}}{{(id is null ? "" : $",\"id\":\"{id}\"")}}}"""), caller);

    public Task<ApiReply> DecideAsync(string question, string caller = "app") => SendAsync(HttpMethod.Post, "decisions", question, caller);

    public Task<ApiReply> SettleAsync(string hold, decimal cost, string caller = "app") =>
        SettleAsync(hold, string.Create(CultureInfo.InvariantCulture, $$"""{"cost":{{cost}}}"""), caller);

    public Task<ApiReply> SettleAsync(string hold, string settlement, string caller = "app") => SendAsync(HttpMethod.Post, $"holds/{hold}/settle", settlement, caller);

    public Task<ApiReply> ExtendAsync(string hold, decimal cost, string caller = "app") =>
        SendAsync(HttpMethod.Post, $"holds/{hold}/extend", string.Create(CultureInfo.InvariantCulture, $$"""{"cost":{{cost}}}"""), caller);

    public async Task<HttpStatusCode> ReleaseAsync(string hold, string caller = "app") => (await SendAsync(HttpMethod.Delete, $"holds/{hold}", null, caller)).Status;

    /// <summary>What the day's account of the user has: settled and held.</summary>
    public async Task<(decimal Settled, decimal Held)> BooksAsync()
    {
        JsonElement account = (await SendAsync(HttpMethod.Get, "accounts?budget=daily&user=ann", null, "app")).Json[0];
        return (account.GetProperty("settled").GetDecimal(), account.GetProperty("held").GetDecimal());
    }

    /// <summary>How many requests the history of this node and all others has, and what they cost; once this node has written its own.</summary>
    public async Task<(long Requests, decimal Cost)> SpentAsync()
    {
        JsonElement rows = (await SendAsync(HttpMethod.Get, "spend", null, "app")).Json;
        return (rows.EnumerateArray().Sum(static row => row.GetProperty("requests").GetInt64()), rows.EnumerateArray().Sum(static row => row.GetProperty("cost").GetDecimal()));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task<ApiReply> SendAsync(HttpMethod method, string route, string? body, string caller)
    {
        using HttpRequestMessage request = new(method, route);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", caller);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage answer = await _client.SendAsync(request);
        return new ApiReply(answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}

/// <summary>An answer of the API.</summary>
internal sealed record ApiReply(HttpStatusCode Status, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>The id of the hold, where it allows; fails where it does not.</summary>
    public string Hold => Json.TryGetProperty("hold_id", out JsonElement hold) ? hold.GetString()! : throw new InvalidOperationException($"{Status} {Text}");

    public string? Decision => Json.GetProperty("decision").GetString();

    public override string ToString() => $"{(int)Status} {Text}";
}
