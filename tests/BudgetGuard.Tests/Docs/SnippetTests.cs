using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace BudgetGuard.Tests.Docs;

/// <summary>Every C# block of the README and of docs compiles against the library as it is.</summary>
public sealed partial class SnippetTests
{
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http;
        global using System.Net.Http.Json; global using System.Threading; global using System.Threading.Tasks; global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting; global using Microsoft.AspNetCore.Http; global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration; global using Microsoft.Extensions.DependencyInjection; global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        """;

    /// <summary>What statements may use without declaring it.</summary>
    private const string Scope = """
        using BudgetGuard;
        partial class Program
        {
            static WebApplicationBuilder builder = null!; static WebApplication app = null!; static IServiceCollection services = null!;
            static HttpContext context = null!; static IBudgetGuard guard = null!;
        }
        """;

    private static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    public static TheoryData<string, int> Blocks()
    {
        TheoryData<string, int> blocks = [];
        foreach (string file in Files())
        {
            int count = Block().Count(File.ReadAllText(file));
            for (int i = 0; i < count; i++)
            {
                blocks.Add(Path.GetRelativePath(SharedData.RepositoryRoot, file), i);
            }
        }

        return blocks;
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Block_compiles(string file, int index)
    {
        string code = Block().Matches(File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, file)))[index].Groups["code"].Value;
        Diagnostic[] errors = [.. Compile(code).Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
        Assert.True(errors.Length == 0, $"{string.Join('\n', errors.Select(error => error.ToString()))}\n{code}");
    }

    [Fact]
    public void A_block_that_calls_what_is_not_there_fails() =>
        Assert.Contains(Compile("app.UseBudgetGuards();"), diagnostic => diagnostic.Id == "CS1061");

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(SharedData.RepositoryRoot, "README.md"));

    private static ImmutableArray<Diagnostic> Compile(string code)
    {
        string usings = string.Concat(LeadingUsing().Matches(code).Select(match => match.Value));
        string rest = LeadingUsing().Replace(code, string.Empty);
        bool isProgram = rest.Contains("WebApplication.CreateBuilder", StringComparison.Ordinal);
        bool isMembers = rest.TrimStart().StartsWith("[Fact]", StringComparison.Ordinal) || rest.TrimStart().StartsWith("[Theory]", StringComparison.Ordinal);
        string source = isMembers ? $"{usings}using BudgetGuard; using Xunit;\npublic class Snippet\n{{\n{rest}\n}}\npartial class Program {{ static void Main() {{ }} }}"
            : isProgram ? code
            : $"{usings}using BudgetGuard;\nawait Task.Yield();\n{rest}";
        CSharpParseOptions options = new(LanguageVersion.Latest);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Snippet",
            [
                CSharpSyntaxTree.ParseText(source, options),
                CSharpSyntaxTree.ParseText(ImplicitUsings, options),
                CSharpSyntaxTree.ParseText(isMembers ? string.Empty : Scope, options),
            ],
            References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        return compilation.GetDiagnostics();
    }

    [GeneratedRegex(@"^```csharp\r?\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^using [A-Za-z0-9_.]+;\r?\n", RegexOptions.Multiline)]
    private static partial Regex LeadingUsing();
}
