using BudgetGuard.Configuration;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>Where budgets are kept, once all who have a say in it had it.</summary>
internal sealed record SqliteSetup(string Path, Durability Durability)
{
    public const string Section = "Sqlite";

    public static IReadOnlyList<KnownKey<SqliteStoreOptions>> Keys { get; } =
    [
        KnownKeys.One<SqliteStoreOptions, string>("Path", ValueParsers.Text, (o, v) => o.Path = v),
        KnownKeys.One<SqliteStoreOptions, Durability>("Durability", ValueParsers.Name, (o, v) => o.Durability = v),
    ];

    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Something of it cannot be.</exception>
    public static SqliteSetup Read(SettingsSource settings, IEnumerable<Action<SqliteStoreOptions>> delegates)
    {
        var options = new SqliteStoreOptions();
        ProblemList problems = settings.ReadStore(Section, options, Keys);
        foreach (Action<SqliteStoreOptions> change in delegates)
        {
            change(options);
        }

        string path = options.Path ?? "";
        if (string.IsNullOrWhiteSpace(path) || path.Contains(":memory:", StringComparison.OrdinalIgnoreCase) || path.Contains('\0'))
        {
            problems.AddValue(problems.KeyOf("Sqlite:Path"), path, "is no file; expected the path of one, for example budgetguard.db");
        }
        else if (path.Contains('=') && path.StartsWith("Data Source", StringComparison.OrdinalIgnoreCase))
        {
            problems.AddValue(problems.KeyOf("Sqlite:Path"), path, $"is a connection string; expected a path, for example {new SqliteConnectionStringBuilder(path).DataSource}");
        }

        if (!Enum.IsDefined(options.Durability))
        {
            problems.AddValue(problems.KeyOf("Sqlite:Durability"), options.Durability.ToString(), "is none; expected Strict or Relaxed");
        }

        problems.ThrowIfAny();
        return new SqliteSetup(System.IO.Path.GetFullPath(path), options.Durability);
    }
}
