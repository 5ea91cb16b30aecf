using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a caller of the API is told while the disk takes its time, or is gone.</summary>
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

    [Fact]
    public async Task A_file_that_is_taken_away_is_not_begun_anew()
    {
        await using WebApplication app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First() + "/budgetguard/api/") };
        var body = new { user = "ann", estimated_cost = 0.4m };
        using (HttpResponseMessage first = await client.PostAsJsonAsync("decisions", body))
        {
            Assert.True(first.IsSuccessStatusCode);
        }

        _faults.IsFull = true;
        using (HttpResponseMessage failed = await client.PostAsJsonAsync("decisions", body))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        }

        string away = Directory.CreateDirectory(Path.Combine(_folder, "away")).FullName;
        foreach (string file in Directory.GetFiles(_folder, "budgets.db*"))
        {
            File.Move(file, Path.Combine(away, Path.GetFileName(file)));
        }

        _faults.IsFull = false;
        using (HttpResponseMessage gone = await client.PostAsJsonAsync("decisions", body))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, gone.StatusCode);
        }

        Assert.Empty(Directory.GetFiles(_folder, "budgets.db*"));
        foreach (string file in Directory.GetFiles(away))
        {
            File.Move(file, Path.Combine(_folder, Path.GetFileName(file)));
        }

        // Looked for each second.
        long started = Stopwatch.GetTimestamp();
        bool isBack = false;
        while (!isBack && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30))
        {
            await Task.Delay(50);
            using HttpResponseMessage back = await client.PostAsJsonAsync("decisions", body);
            isBack = back.IsSuccessStatusCode;
        }

        Assert.True(isBack);
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
            options.FailOpen = false;
            options.Budgets["daily"] = new BudgetOptions { Limit = 1.00m, Period = BudgetPeriod.Day, Per = ["User"] };
        }).UseSqlite(Path.Combine(_folder, "budgets.db"));
        WebApplication app = builder.Build();
        app.UseBudgetGuard();
        app.MapBudgetGuardApi();
        await app.StartAsync();
        return app;
    }
}
