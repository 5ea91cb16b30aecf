using System.Net;
using BudgetGuard.Tests.Shared;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>A hold that the API gave is ended after a restart as before it.</summary>
public sealed class DecisionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;

    private string FilePath => Path.Combine(_folder, "budgets.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Settled_after_a_restart_it_counts_once_at_what_was_used()
    {
        string hold = await GivenAsync();
        await using (ApiNode after = await StartAsync())
        {
            // Nobody was left to end it: it is charged at its estimate until it is known what was used.
            Assert.Equal((0.5m, 0m), await after.BooksAsync());
            Assert.Equal(HttpStatusCode.NotFound, (await after.SettleAsync(hold, 0m, "foreign")).Status);
            Assert.Equal("""200 {"cost":0.125}""", (await after.SettleAsync(hold, 0.125m)).ToString());
            Assert.Equal((0.125m, 0m), await after.BooksAsync());
        }

        await using ApiNode third = await StartAsync();
        Assert.Equal("""200 {"cost":0.125}""", (await third.SettleAsync(hold, 0.125m)).ToString());
        Assert.Equal(HttpStatusCode.Conflict, (await third.SettleAsync(hold, 0.25m)).Status);
        Assert.Equal(HttpStatusCode.NoContent, await third.ReleaseAsync(hold));
        Assert.Equal((0.125m, 0m), await third.BooksAsync());
    }

    [Fact]
    public async Task Released_after_a_restart_it_costs_nothing_and_cannot_grow()
    {
        string hold = await GivenAsync();
        await using ApiNode after = await StartAsync();
        Assert.Equal(HttpStatusCode.Conflict, (await after.ExtendAsync(hold, 0.1m)).Status);
        Assert.Equal(HttpStatusCode.NotFound, await after.ReleaseAsync(hold, "foreign"));
        Assert.Equal(HttpStatusCode.NoContent, await after.ReleaseAsync(hold));
        Assert.Equal((0m, 0m), await after.BooksAsync());
    }

    [Fact]
    public async Task What_was_extended_before_is_known_after()
    {
        string hold;
        await using (ApiNode before = await StartAsync())
        {
            hold = (await before.DecideAsync(0.25m)).Hold;
            Assert.Equal(0.75m, (await before.ExtendAsync(hold, 0.5m)).Json.GetProperty("estimated_cost").GetDecimal());
        }

        // Without cost tracking it is what was held that is charged.
        await using ApiNode after = await StartAsync(("BudgetGuard:EnableCostTracking", "false"));
        Assert.Equal("""200 {"cost":0.75}""", (await after.SettleAsync(hold, 0.1m)).ToString());
        Assert.Equal((0.75m, 0m), await after.BooksAsync());
    }

    [Fact]
    public async Task Usage_is_priced_after_a_restart_as_before_it()
    {
        const string Question = """{"user":"ann","path":"/v1/messages","request":{"model":"claude-sonnet-4-5","max_tokens":500,"messages":[{"role":"user","content":"canary-prompt"}]}}""";
        const string Usage = """{"model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":200}}""";
        string hold;
        ApiReply here;
        await using (ApiNode before = await StartAsync())
        {
            here = await before.SettleAsync((await before.DecideAsync(Question)).Hold, Usage);
            Assert.Equal(HttpStatusCode.OK, here.Status);
            hold = (await before.DecideAsync(Question, "app")).Hold;
        }

        await using (ApiNode after = await StartAsync())
        {
            Assert.Equal(here.ToString(), (await after.SettleAsync(hold, Usage)).ToString());
        }

        foreach (string file in Directory.GetFiles(_folder))
        {
            Assert.DoesNotContain("canary-prompt", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_name_is_known_after_a_restart()
    {
        string open;
        ApiReply first;
        await using (ApiNode before = await StartAsync())
        {
            first = await before.DecideAsync(0.5m, "job-1");
            open = (await before.DecideAsync(0.1m, "job-2")).Hold;
            await before.SettleAsync(first.Hold, 0.1m);
        }

        await using ApiNode after = await StartAsync();
        Assert.Equal(HttpStatusCode.Conflict, (await after.DecideAsync(0.5m, "job-1")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await after.DecideAsync(0.2m, "job-2")).Status);
        Assert.Equal(open, (await after.DecideAsync(0.1m, "job-2")).Hold);
        Assert.NotEqual(open, (await after.DecideAsync(0.1m, "job-2", "other")).Hold);
    }

    [Fact]
    public async Task What_is_over_for_a_day_is_forgotten()
    {
        FakeTimeProvider time = new(new DateTimeOffset(2026, 6, 10, 12, 0, 0, TimeSpan.Zero));
        await using ApiNode node = await ApiNode.StartAsync(guard =>
        {
            guard.UseSqlite(FilePath);
            guard.Services.AddSingleton<TimeProvider>(time);
        });
        string first = (await node.DecideAsync(0.1m, "job-1")).Hold;
        await node.SettleAsync(first, 0.1m);
        time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.NotFound, (await node.SettleAsync(first, 0.1m)).Status);
        Assert.NotEqual(first, (await node.DecideAsync(0.1m, "job-1")).Hold);
        await using var connection = new SqliteConnection($"Data Source={SqliteHoldNotes.PathBeside(FilePath)};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync();
        await using SqliteCommand count = connection.CreateCommand();
        count.CommandText = "SELECT COUNT(*) FROM notes";
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_file_that_is_none_is_left_as_it_is_and_nothing_is_held()
    {
        string notes = SqliteHoldNotes.PathBeside(FilePath);
        await File.WriteAllTextAsync(notes, new string('x', 4096));
        await using ApiNode node = await StartAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.DecideAsync(0.5m)).Status);
        Assert.Equal((0m, 0m), await node.BooksAsync());
        Assert.Equal(new string('x', 4096), await File.ReadAllTextAsync(notes));
        File.Delete(notes);
        Assert.Equal("allow", (await node.DecideAsync(0.5m)).Decision);
    }

    private async Task<string> GivenAsync()
    {
        await using ApiNode before = await StartAsync();
        return (await before.DecideAsync(0.5m)).Hold;
    }

    private Task<ApiNode> StartAsync(params (string Key, string? Value)[] settings) => ApiNode.StartAsync(guard => guard.UseSqlite(FilePath), settings);
}
