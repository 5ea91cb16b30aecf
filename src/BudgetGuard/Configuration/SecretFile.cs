namespace BudgetGuard.Configuration;

/// <summary>Reads a setting from a file of its own, as container platforms hand secrets out.</summary>
internal static class SecretFile
{
    private const int LongestSecret = 64 * 1024;

    /// <summary>The file's text without white space around it; null with what is wrong, which never tells the text.</summary>
    public static string? Read(string path, out string? problem)
    {
        try
        {
            var file = new FileInfo(path);
            problem = !file.Exists ? "does not exist; expected a file that holds the secret"
                : file.Length > LongestSecret ? "is larger than 64 KiB; expected a file that holds nothing but the secret"
                : null;
            if (problem is not null)
            {
                return null;
            }

            string text = File.ReadAllText(path).Trim();
            problem = text.Length == 0 ? "is empty; expected a file that holds the secret" : null;
            return problem is null ? text : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = "cannot be read; expected a file this process may read";
            return null;
        }
    }
}
