using BudgetGuard.Diagnostics;
using Microsoft.Data.Sqlite;
using static BudgetGuard.Sqlite.Tests.Batches;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>Where the history's file lies, what it is, and what happens where it cannot be used.</summary>
public sealed class HistoryFileTests : IDisposable
{
    private readonly HistoryDisk _disk = new();

    public void Dispose() => _disk.Dispose();

    [Theory]
    [InlineData("/data/budgets.db", "/data/budgets-history.db")]
    [InlineData("/data/budgets", "/data/budgets-history.db")]
    [InlineData("/data/my.budgets.sqlite", "/data/my.budgets-history.db")]
    public void The_file_lies_beside_the_budgets(string budgets, string history) => Assert.Equal(history, SqliteHistoryStore.PathBeside(budgets));

    [Theory]
    [InlineData("CREATE TABLE recipes (name TEXT)", "holds no history")]
    [InlineData("PRAGMA application_id = 1113868136; PRAGMA user_version = 99", "newer version")]
    public async Task A_file_of_something_else_is_left_alone(string made, string said)
    {
        _disk.Run(made);
        byte[] before = await File.ReadAllBytesAsync(_disk.Path);
        Assert.Contains(said, (await Assert.ThrowsAsync<InvalidDataException>(() => _disk.Store.WriteAsync(Batch(1, Sum("ann", 1))))).Message, StringComparison.Ordinal);
        Assert.Contains(_disk.Path, (await Assert.ThrowsAsync<InvalidDataException>(() => _disk.Store.ReadDecisionsAsync(1, default))).Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_disk.Path));
    }

    [Fact]
    public async Task A_damaged_file_is_told_and_one_that_takes_its_place_is_used()
    {
        await File.WriteAllTextAsync(_disk.Path, new string('x', 5_000));
        HistoryBatch batch = Batch(1, Sum("ann", 1));
        Assert.Contains("is damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => _disk.Store.WriteAsync(batch))).Message, StringComparison.Ordinal);
        Assert.Contains("is damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => _disk.Store.ReadDecisionsAsync(1, default))).Message, StringComparison.Ordinal);
        File.Delete(_disk.Path);
        await _disk.Store.WriteAsync(batch);
        Assert.Single(await _disk.SpendAsync());
    }

    [Fact]
    public async Task A_folder_that_is_gone_is_an_error_until_it_is_back()
    {
        using var store = new SqliteHistoryStore(Path.Combine(_disk.Folder, "later", "x-history.db"));
        await Assert.ThrowsAsync<IOException>(() => store.WriteAsync(Batch(1, Sum("ann", 1))));
        Directory.CreateDirectory(Path.Combine(_disk.Folder, "later"));
        await store.WriteAsync(Batch(1, Sum("ann", 1)));
    }

    [Fact]
    public async Task A_write_that_fails_changes_nothing_and_the_next_one_can()
    {
        await _disk.Store.WriteAsync(Batch(1, Sum("ann", 1)));
        _disk.Run("CREATE TRIGGER full BEFORE INSERT ON spend WHEN new.cost_nanos > 10 BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
        HistoryBatch batch = Batch(2, Sum("ann", 1), Sum("bob", 20));
        batch.Decided.Add(Decision(1, "ann"));
        await Assert.ThrowsAsync<IOException>(() => _disk.Store.WriteAsync(batch));
        Assert.Equal(1, Assert.Single(await _disk.SpendAsync()).Sum.CostNanos);
        Assert.Empty(await _disk.Store.ReadDecisionsAsync(10, default));
        _disk.Run("DROP TRIGGER full");
        await _disk.Store.WriteAsync(batch);
        Assert.Equal(22, (await _disk.SpendAsync()).Sum(static one => (long)one.Sum.CostNanos));
        Assert.Single(await _disk.Store.ReadDecisionsAsync(10, default));
    }

    [Fact]
    public async Task The_file_is_written_ahead_and_strict()
    {
        await _disk.Store.WriteAsync(Batch(1, Sum("ann", 1)));
        using SqliteConnection? connection = SideFile.History.OpenToRead(_disk.Path);
        using SqliteCommand command = connection!.CreateCommand();
        command.CommandText = "PRAGMA journal_mode";
        Assert.Equal("wal", command.ExecuteScalar());
        Assert.Equal(0, _disk.Number("SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' AND strict = 0"));
        Assert.Equal(0x42644768, _disk.Number("PRAGMA application_id"));
    }
}
