using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a caller of the API is told of a settlement that the disk takes its time for.</summary>
public sealed class AcknowledgingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;
    private readonly FaultyDisk _faults = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_is_not_on_the_disk_is_not_acknowledged()
    {
        await using WebApplication app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First() + "/budgetguard/api/") };
        JsonElement decision;
        using (HttpResponseMessage decided = await client.PostAsJsonAsync("decisions", new { user = "ann", estimated_cost = 0.4m }))
        {
            decision = await decided.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        }

        string path = $"holds/{decision.GetProperty("hold_id").GetString()}/settle";
        var body = new { cost = 0.3m };
        using var stuck = new ManualResetEventSlim();
        _faults.Stuck = stuck;
        using (HttpResponseMessage early = await client.PostAsJsonAsync(path, body))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, early.StatusCode);
        }

        _faults.Stuck = null;
        stuck.Set();

        // The same again is safe.
        using HttpResponseMessage answer = await client.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode);
        JsonElement account = Assert.Single((await client.GetFromJsonAsync<JsonElement[]>("accounts?budget=daily&user=ann"))!);
        Assert.Equal((0.3m, 0m), (account.GetProperty("settled").GetDecimal(), account.GetProperty("held").GetDecimal()));
        await app.StopAsync();
    }

    private async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddSingleton<JournalLayer>(_faults.Wrap);
        builder.Services.AddBudgetGuard(static options =>
        {
            options.StoreTimeout = TimeSpan.FromSeconds(2);
            options.Budgets["daily"] = new BudgetOptions { Limit = 1.00m, Period = BudgetPeriod.Day, Per = ["User"] };
        }).UseSqlite(Path.Combine(_folder, "budgets.db"));
        WebApplication app = builder.Build();
        app.UseBudgetGuard();
        app.MapBudgetGuardApi();
        await app.StartAsync();
        return app;
    }
}
