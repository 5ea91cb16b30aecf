using System.Data.Common;

namespace BudgetGuard.Gateway.Settings;

/// <summary>Reads where accounts are kept. A value that nothing would come of must not be passed over.</summary>
internal sealed class StoreReader(SectionReader reader, List<string> problems)
{
    private static readonly string[] _fileKeys = ["Data Source", "DataSource", "Filename"];

    public StoreSettings Read(IConfigurationSection section)
    {
        string? name = reader.Text(section, "Store");
        StoreKind kind = StoreKind.Sqlite;
        if (name is not null && (!Enum.TryParse(name, ignoreCase: true, out kind) || char.IsAsciiDigit(name[0])))
        {
            problems.Add($"{section.Path}:Store: '{name}' is no store; expected Memory, Sqlite or Redis");
            return new StoreSettings(StoreKind.Memory);
        }

        bool leases = true;
        if (kind == StoreKind.Redis && reader.Text(section, "Leases") is { } text && !bool.TryParse(text, out leases))
        {
            problems.Add($"{section.Path}:Leases: '{text}' is neither true nor false; expected one of them");
        }
        else if (kind != StoreKind.Redis && section.GetSection("Leases").Exists())
        {
            problems.Add($"{section.Path}:Leases: the store {kind} has no such setting; expected none");
        }

        string? connection = reader.Text(section, "ConnectionString");
        if (kind == StoreKind.Memory && section.GetSection("ConnectionString").Exists())
        {
            problems.Add($"{section.Path}:ConnectionString: the store Memory has no such setting; expected none");
        }

        return new StoreSettings(kind, kind switch
        {
            StoreKind.Sqlite when connection is not null => FileOf($"{section.Path}:ConnectionString", connection),
            StoreKind.Redis => connection,
            _ => null,
        }, leases);
    }

    /// <summary>A path, or a connection string that names one and nothing else: what else it may say would undo what keeps the file safe.</summary>
    private string? FileOf(string path, string connection)
    {
        if (!connection.Contains('='))
        {
            return connection;
        }

        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = connection };
            string? file = null;
            foreach (string key in parts.Keys)
            {
                if (!_fileKeys.Contains(key, StringComparer.OrdinalIgnoreCase))
                {
                    problems.Add($"{path}: '{key}' is not for you to set; expected only Data Source=FILE");
                    return null;
                }

                file = Convert.ToString(parts[key], System.Globalization.CultureInfo.InvariantCulture);
            }

            return file;
        }
        catch (ArgumentException)
        {
            problems.Add($"{path}: is no connection string; expected Data Source=FILE, or a file");
            return null;
        }
    }
}
