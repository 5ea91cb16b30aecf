using System.Text.Json;
using BudgetGuard.Configuration;
using BudgetGuard.Tests.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.CodeAnalysis;

namespace BudgetGuard.Tests.Docs;

/// <summary>Every C# block of the README and of docs compiles against the library as it is, and every block of settings is one that it takes.</summary>
public sealed class SnippetTests
{
    public static TheoryData<string, int> CodeBlocks() => Blocks("csharp", static _ => true);

    public static TheoryData<string, int> SettingsBlocks() =>
        Blocks("json", static block => block.Contains($"\"{BudgetGuardOptions.SectionName}\": {{", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(CodeBlocks))]
    public void Block_of_code_compiles(string page, int index)
    {
        Snippet snippet = new(Snippet.Blocks(page, "csharp")[index]);
        Diagnostic[] errors = [.. snippet.Diagnose().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
        Assert.True(errors.Length == 0, $"{string.Join('\n', errors.Select(error => error.ToString()))}\n{snippet.Code}");
    }

    [Theory]
    [MemberData(nameof(SettingsBlocks))]
    public void Block_of_settings_is_taken(string page, int index)
    {
        string json = Snippet.Blocks(page, "json")[index].Trim();

        // A price file that is named has to be there; any will do, because settings only look whether it is.
        string whole = (json.StartsWith('{') ? json : $"{{{json}}}").Replace("\"prices.json\"", JsonSerializer.Serialize(typeof(SnippetTests).Assembly.Location), StringComparison.Ordinal);
        IConfigurationRoot root = Settings.Json(whole);
        using SettingsSource settings = KnownKeys.Stores.FirstOrDefault(store => root.GetSection($"BudgetGuard:{store}").Exists()) is { } store
            ? Settings.WithStore(root, store)
            : Settings.Source(root);
        Assert.NotNull(settings.Current);
    }

    [Fact]
    public void A_block_that_calls_what_is_not_there_fails() =>
        Assert.Contains(new Snippet("app.UseBudgetGuards();").Diagnose(), diagnostic => diagnostic.Id == "CS1061");

    private static TheoryData<string, int> Blocks(string language, Func<string, bool> isMeant)
    {
        TheoryData<string, int> found = [];
        foreach (string page in Snippet.Pages())
        {
            foreach ((int index, string block) in Snippet.Blocks(page, language).Index())
            {
                if (isMeant(block))
                {
                    found.Add(page, index);
                }
            }
        }

        return found;
    }
}
