using System.Globalization;
using BudgetGuard.Diagnostics;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>A folder with a file of a history, and the stores of the processes that had it one after the other.</summary>
internal sealed class HistoryDisk : IDisposable
{
    public HistoryDisk() => Store = new SqliteHistoryStore(Path);

    public string Folder { get; } = Directory.CreateTempSubdirectory("budgetguard-").FullName;

    public string Path => SqliteHistoryStore.PathBeside(System.IO.Path.Combine(Folder, "budgets.db"));

    public SqliteHistoryStore Store { get; private set; }

    public void Reopen()
    {
        Store.Dispose();
        Store = new SqliteHistoryStore(Path);
    }

    public Task<List<HourSpend>> SpendAsync() => SpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

    public async Task<List<HourSpend>> SpendAsync(DateTimeOffset from, DateTimeOffset to)
    {
        List<HourSpend> found = [];
        await Store.ReadSpendAsync(from, to, found.Add, default);
        return found;
    }

    public long Number(string text) => Convert.ToInt64(Run(text), CultureInfo.InvariantCulture);

    public object? Run(string text)
    {
        using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
