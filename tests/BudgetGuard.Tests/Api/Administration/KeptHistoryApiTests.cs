using System.Text.Json;
using BudgetGuard.Api.Administration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Tests.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Tests.Administration;

/// <summary>What was decided and spent, where a store keeps it.</summary>
public sealed class KeptHistoryApiTests
{
    private static readonly string[] _paths = ["/decisions", "/spend"];

    [Fact]
    public async Task Answers_have_what_happened_just_now_and_before_a_restart()
    {
        var store = new HeldHistory();
        JsonElement decisions, spend;
        await using (ApiApp api = await StartAsync(store))
        {
            await api.WorkAsync();
            (decisions, spend) = (await api.GetAsync("/decisions"), await api.GetAsync("/spend"));
            Assert.Equal(0.1m, decisions[0].GetProperty("cost").GetDecimal());
            Assert.Equal(0.1m, spend[0].GetProperty("cost").GetDecimal());
        }

        await using ApiApp again = await StartAsync(store);
        Assert.Equal(decisions.GetRawText(), (await again.GetAsync("/decisions")).GetRawText());
        Assert.Equal(spend.GetRawText(), (await again.GetAsync("/spend")).GetRawText());
        await again.WorkAsync("bob");
        Assert.Equal(["bob", "alice"], (await again.GetAsync("/decisions")).EnumerateArray().Select(static row => row.GetProperty("user").GetString()));
        Assert.Equal(1, (await again.GetAsync("/decisions?limit=1")).GetArrayLength());
        Assert.Equal(0.2m, (await again.GetAsync("/spend?group_by="))[0].GetProperty("cost").GetDecimal());
    }

    [Fact]
    public async Task What_was_spent_in_the_end_is_written_when_the_app_stops()
    {
        var store = new HeldHistory();
        await using (ApiApp api = await StartAsync(store))
        {
            await api.WorkAsync();
            await api.App.Services.GetRequiredService<IHost>().StopAsync();
        }

        Assert.Single(await store.ReadDecisionsAsync(10, default));
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_503_until_it_can()
    {
        var store = new HeldHistory { CannotRead = true };
        await using ApiApp api = await StartAsync(store);
        foreach (string path in _paths)
        {
            await UnavailableAsync(api, path);
        }

        Assert.Single(api.App.Logs.GetSnapshot(), static entry => entry.Id.Id == 613);
        store.CannotRead = false;
        Assert.Equal(0, (await api.GetAsync("/decisions")).GetArrayLength());
    }

    [Fact]
    public async Task An_answer_that_would_lack_what_could_not_be_written_is_503()
    {
        var store = new HeldHistory { Fate = static () => Fate.FailsBefore };
        await using ApiApp api = await StartAsync(store);
        Assert.Equal(200, await api.WorkAsync());
        foreach (string path in _paths)
        {
            await UnavailableAsync(api, path);
        }

        Assert.Equal(200, await api.WorkAsync());
        store.Fate = static () => Fate.Taken;
        Assert.Equal(2, (await api.GetAsync("/decisions")).GetArrayLength());
        Assert.Equal(2, (await api.GetAsync("/spend"))[0].GetProperty("requests").GetInt64());
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_503_after_a_while()
    {
        var store = new HeldHistory { Stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) };
        await using ApiApp api = await StartAsync(store);
        await api.WorkAsync();
        Task waiting = UnavailableAsync(api, "/spend");
        await store.CalledAsync(1);
        api.App.Time.Advance(HistoryReader.Patience);
        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        store.Stuck.SetResult();
        store.Stuck = null;
        Assert.Equal(1, (await api.GetAsync("/spend")).GetArrayLength());
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_400_here_too()
    {
        await using ApiApp api = await StartAsync(new HeldHistory());
        Assert.Equal(400, (await api.SendAsync("GET", "/spend?group_by=who")).Status);
        Assert.Equal(400, (await api.SendAsync("GET", "/decisions?limit=0")).Status);
    }

    [Fact]
    public async Task An_answer_of_too_many_rows_is_400()
    {
        var store = new HeldHistory();
        await using ApiApp api = await StartAsync(store);
        SpendBook book = new();
        for (int i = 0; i <= SpendGrouping.MostRows; i++)
        {
            book.Add(GuardedApp.Start.AddHours(-i % 30), new SpendKey($"user{i}", null, "work", BudgetNames.None), new SpendSum { Requests = 1 });
        }

        var batch = new HistoryBatch { Writer = Guid.NewGuid(), Number = 1, At = GuardedApp.Start, Spend = book.Take() };
        await store.WriteAsync(batch);
        Assert.Equal(400, (await api.SendAsync("GET", "/spend?from=2026-06-01T00:00:00Z")).Status);
        Assert.Equal(SpendGrouping.MostRows + 1, (await api.GetAsync("/spend?from=2026-06-01T00:00:00Z&group_by="))
            .EnumerateArray().Sum(static row => row.GetProperty("requests").GetInt64()));
    }

    private static async Task UnavailableAsync(ApiApp api, string path)
    {
        (int status, string body, _) = await api.SendAsync("GET", path);
        Assert.Equal(503, status);
        Assert.Contains("The history cannot be read now", body, StringComparison.Ordinal);
        Assert.DoesNotContain("disk", body, StringComparison.Ordinal);
    }

    private static Task<ApiApp> StartAsync(HeldHistory store) => ApiApp.StartAsync(configure: setup =>
        setup.Guard = guard => guard.Services.KeepHistory(_ => store));
}
