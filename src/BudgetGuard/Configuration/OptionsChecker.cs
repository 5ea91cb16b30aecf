using System.Buffers;
using System.Globalization;

namespace BudgetGuard.Configuration;

/// <summary>Checks the options as a whole, wherever their values came from.</summary>
internal sealed class OptionsChecker(ProblemList problems)
{
    // RFC 9110 5.6.2: what a header's name and a method are made of.
    private static readonly SearchValues<char> _tokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public void Check(BudgetGuardOptions options)
    {
        CheckPaths(options);
        CheckTexts(options);
        CheckNumbers(options);
        Defined("UnpricedModels", options.UnpricedModels);
        Defined("ExpiredHolds", options.ExpiredHolds);
        Defined("ResponseFormat", options.ResponseFormat);
        if (options.OnStreamExhausted is { } exhaustion)
        {
            Defined("OnStreamExhausted", exhaustion);
        }

        if (options.LogLevel is { } level)
        {
            Defined("LogLevel", level);
        }

        CheckBudgets(options);
        new AlertChecker(this).Check(options.Alerts);
    }

    /// <summary>A path as the filter compares it: no trailing slash.</summary>
    internal static string NormalizePath(string path) => path.Length > 1 ? path.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/" : path;

    internal void Add(string relativeKey, string text) => problems.Add(problems.KeyOf(relativeKey), text);

    internal bool IsBlamed(string relativeKey) => problems.IsBlamed(problems.KeyOf(relativeKey));

    internal void Defined<T>(string relativeKey, T value)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            Add(relativeKey, $"'{value:D}' is none of the known values; expected one of {string.Join(", ", Enum.GetNames<T>())}");
        }
    }

    internal void Range<T>(string relativeKey, T value, T least, T most)
        where T : IComparable<T>, IFormattable
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            Add(relativeKey, string.Create(CultureInfo.InvariantCulture, $"'{value}' is out of range; expected {least} to {most}"));
        }
    }

    /// <summary>The entries of a list that a delegate may have set to null, or filled with nothing.</summary>
    internal IReadOnlyList<string> Texts(string relativeKey, IList<string>? list)
    {
        if (list is null)
        {
            Add(relativeKey, "is null; expected a list, empty for none");
            return [];
        }

        if (list.Any(string.IsNullOrWhiteSpace))
        {
            Add(relativeKey, "has an empty entry; expected texts that are not empty");
        }

        return [.. list.Where(text => !string.IsNullOrWhiteSpace(text))];
    }

    private static bool IsToken(string? text) => !string.IsNullOrEmpty(text) && !text.AsSpan().ContainsAnyExcept(_tokenCharacters);

    private void CheckPaths(BudgetGuardOptions options)
    {
        IReadOnlyList<string> excluded = Texts("ExcludePaths", options.ExcludePaths);
        IReadOnlyList<string> included = Texts("IncludeOnlyPaths", options.IncludeOnlyPaths);
        foreach (string path in excluded)
        {
            CheckPath("ExcludePaths", path);
            if (NormalizePath(path) == "/")
            {
                Add("ExcludePaths", $"{ProblemList.Show(path)} excludes every path; set EnableBudgetMonitoring to false to turn the guard off");
            }
        }

        foreach (string path in included)
        {
            CheckPath("IncludeOnlyPaths", path);
            if (excluded.Any(other => NormalizePath(other).Equals(NormalizePath(path), StringComparison.OrdinalIgnoreCase)))
            {
                Add("IncludeOnlyPaths", $"{ProblemList.Show(path)} is in ExcludePaths as well; expected it in one of them");
            }
        }
    }

    private void CheckPath(string key, string path)
    {
        // The filter lets off plain paths only: an entry that is not plain could never match, and its writer would not learn it.
        string? wrong = path switch
        {
            _ when !path.StartsWith('/') => "does not start with '/'; expected a path such as '/api'",
            _ when path.Contains('*') => "has a wildcard; expected a path, which covers all below it by whole segments",
            _ when path.Contains('%') => "has a percent-escape; expected the path as it reads decoded",
            _ when path.AsSpan().IndexOfAny("?#;\\") >= 0 => "has one of '?', '#', ';' and '\\'; expected a plain path such as '/api'",
            _ when NormalizePath(path).Contains("//", StringComparison.Ordinal) => "has an empty segment; expected a plain path such as '/api'",
            _ when path.Split('/').Any(part => part is "." or "..") => "has a dot segment; expected a plain path such as '/api'",
            _ when path.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) => "has white space; expected a plain path such as '/api'",
            _ => null,
        };
        if (wrong is not null)
        {
            Add(key, $"{ProblemList.Show(path)} {wrong}");
        }
    }

    private void CheckTexts(BudgetGuardOptions options)
    {
        foreach (string method in Texts("ExcludeMethods", options.ExcludeMethods).Where(method => !IsToken(method)))
        {
            Add("ExcludeMethods", $"{ProblemList.Show(method)} is no method; expected a name such as 'OPTIONS'");
        }

        if (!IsToken(options.UserHeader) && !IsBlamed("UserHeader"))
        {
            Add("UserHeader", $"{ProblemList.Show(options.UserHeader)} is no header name; expected a name such as 'X-User-ID'");
        }

        if (options.PriceFile is not null && !File.Exists(options.PriceFile))
        {
            Add("PriceFile", $"{ProblemList.Show(options.PriceFile)} does not exist; expected the path of a price file");
        }

        Texts("FreeModels", options.FreeModels);
    }

    private void CheckNumbers(BudgetGuardOptions options)
    {
        Range("CacheTtlSeconds", options.CacheTtlSeconds, 1, 86_400);
        Range("DefaultCost", options.DefaultCost, 0m, 1_000_000m);
        Range("MaxTrackedPartitions", options.MaxTrackedPartitions, 1, 10_000_000);
        Range("DefaultMaxOutputTokens", options.DefaultMaxOutputTokens, 1, 10_000_000);
        Range("StreamHoldTokens", options.StreamHoldTokens, 1, 10_000_000);
        Range("MaxInspectedBodyBytes", options.MaxInspectedBodyBytes, 1024L, 1024L * 1024 * 1024);
        Range("HoldTimeout", options.HoldTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Range("StoreTimeout", options.StoreTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
    }

    private void CheckBudgets(BudgetGuardOptions options)
    {
        if (options.Budgets is null)
        {
            Add("Budgets", "is null; expected budgets by name");
            return;
        }

        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, BudgetOptions? budget) in options.Budgets)
        {
            string key = "Budgets:" + name;
            if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                Add(key, $"{ProblemList.Show(name)} is no name of a budget; expected 1 to 64 letters (a to z), digits and '_'");
            }

            if (!seen.Add(name))
            {
                Add(key, "another budget has the same name but for the case of its letters; expected different names");
            }

            if (budget is null)
            {
                Add(key, "is null; expected a budget");
            }
            else
            {
                new BudgetChecker(this, key).Check(budget);
            }
        }
    }
}
