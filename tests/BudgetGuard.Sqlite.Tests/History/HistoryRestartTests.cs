using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What an app tells of decisions and spending after it was started again.</summary>
public sealed class HistoryRestartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    private string HistoryPath => Path.Combine(_folder, "budgets-history.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Decisions_and_spending_outlast_the_app()
    {
        string decisions, spend;
        await using (WebApplication app = await StartAsync())
        {
            using HttpClient client = ClientOf(app);
            Assert.Equal(HttpStatusCode.OK, await WorkAsync(client, "ann"));
            _time.Advance(TimeSpan.FromHours(1));
            Assert.Equal(HttpStatusCode.OK, await WorkAsync(client, "ann"));
            Assert.Equal(HttpStatusCode.PaymentRequired, await WorkAsync(client, "ann"));
            (decisions, spend) = (await client.GetStringAsync("decisions"), await client.GetStringAsync("spend?group_by=user,model,operation,budget"));
            Assert.Equal(3, Rows(decisions).Length);
            Assert.Equal([("12", 0.4m, 0), ("13", 0.4m, 1)], Rows(spend).Select(Row));
            await app.StopAsync();
        }

        await using WebApplication again = await StartAsync();
        using HttpClient other = ClientOf(again);
        Assert.Equal(decisions, await other.GetStringAsync("decisions"));
        Assert.Equal(spend, await other.GetStringAsync("spend?group_by=user,model,operation,budget"));
        Assert.Equal(HttpStatusCode.OK, await WorkAsync(other, "bob"));
        Assert.Equal(["bob", "ann", "ann", "ann"], Rows(await other.GetStringAsync("decisions")).Select(static row => row.GetProperty("user").GetString()));
        JsonElement day = Assert.Single(Rows(await other.GetStringAsync("spend?group_by=&interval=day")));
        Assert.Equal((3, 1.2m), (day.GetProperty("requests").GetInt32(), day.GetProperty("cost").GetDecimal()));
        await again.StopAsync();
    }

    [Fact]
    public async Task What_the_last_second_brought_is_written_at_the_end()
    {
        await using (WebApplication app = await StartAsync())
        {
            using HttpClient client = ClientOf(app);
            Assert.Equal(HttpStatusCode.OK, await WorkAsync(client, "ann"));
            await app.StopAsync();
        }

        Assert.True(File.Exists(HistoryPath));
        await using WebApplication again = await StartAsync();
        using HttpClient other = ClientOf(again);
        Assert.Single(Rows(await other.GetStringAsync("decisions")));
        await again.StopAsync();
    }

    [Fact]
    public async Task A_history_that_cannot_be_kept_stops_no_request()
    {
        await File.WriteAllTextAsync(HistoryPath, new string('x', 5_000));
        await using WebApplication app = await StartAsync();
        using HttpClient client = ClientOf(app);
        Assert.Equal(HttpStatusCode.OK, await WorkAsync(client, "ann"));
        using HttpResponseMessage answer = await client.GetAsync("spend");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        File.Delete(HistoryPath);
        Assert.Single(Rows(await client.GetStringAsync("spend")));
        await app.StopAsync();
    }

    private static (string Hour, decimal Cost, int Denied) Row(JsonElement row) => (
        row.GetProperty("start").GetString()![11..13], row.GetProperty("cost").GetDecimal(), row.GetProperty("denied").GetInt32());

    private static JsonElement[] Rows(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(static row => row.Clone())];
    }

    private static HttpClient ClientOf(WebApplication app) => new() { BaseAddress = new Uri(app.Urls.First() + "/budgetguard/api/") };

    private static async Task<HttpStatusCode> WorkAsync(HttpClient client, string user)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/work");
        request.Headers.Add("X-User-ID", user);
        using HttpResponseMessage answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddBudgetGuard(static options => options.Budgets["daily"] = new BudgetOptions { Limit = 1.00m, Period = BudgetPeriod.Day, Per = ["User"] })
            .UseSqlite(Path.Combine(_folder, "budgets.db"));
        WebApplication app = builder.Build();
        app.UseBudgetGuard();
        app.MapBudgetGuardApi();
        app.MapPost("/work", static () => "done").WithCost(0.40m).WithOperation("work");
        await app.StartAsync();
        return app;
    }
}
