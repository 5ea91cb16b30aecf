using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Docs;

/// <summary>A C# block of the README or of docs: compiled as a user's project would, and run so that tests look at what is written there and not at a copy.</summary>
internal sealed partial class Snippet
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

    public Snippet(string code) => Code = code;

    public string Code { get; }

    /// <summary>The pages with blocks, by their path in the repository.</summary>
    public static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(SharedData.RepositoryRoot, "README.md"))
            .Select(file => Path.GetRelativePath(SharedData.RepositoryRoot, file));

    /// <summary>The texts of a page's blocks in one language.</summary>
    public static ImmutableArray<string> Blocks(string page, string language) =>
    [
        .. Block().Matches(File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, page)))
            .Where(match => match.Groups["language"].Value == language).Select(match => match.Groups["code"].Value),
    ];

    /// <summary>The only block of a page that has a text.</summary>
    public static Snippet Find(string page, string text) =>
        new(Assert.Single(Blocks(page, "csharp"), code => code.Contains(text, StringComparison.Ordinal)));

    public ImmutableArray<Diagnostic> Diagnose() => Compile().GetDiagnostics();

    /// <summary>Loads the block: its types, and what <see cref="RunAsync"/> runs.</summary>
    public Assembly Load()
    {
        using MemoryStream image = new();
        EmitResult result = Compile().Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        image.Position = 0;
        return new AssemblyLoadContext(null, isCollectible: true).LoadFromStream(image);
    }

    /// <summary>Runs the block's statements. A whole program builds its app on the builder given, and tells it instead of running it.</summary>
    public static async Task<WebApplication?> RunAsync(Assembly loaded, WebApplicationBuilder? builder = null, WebApplication? app = null)
    {
        MethodInfo entry = loaded.EntryPoint!;
        Set(loaded, "builder", builder);
        Set(loaded, "services", builder?.Services);
        Set(loaded, "app", app);
        Set(loaded, "guard", app?.Services.GetService<IBudgetGuard>());

        // A program's entry point waits for its asynchronous statements itself.
        await Task.Run(() => entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()]));
        return (WebApplication?)Field(loaded, "app").GetValue(null);
    }

    /// <summary>Runs the test that the block is.</summary>
    public Task RunTestAsync()
    {
        Type tests = Load().GetType("Snippet")!;
        MethodInfo test = Assert.Single(tests.GetMethods(), method => method.GetCustomAttribute<FactAttribute>() is not null);
        return (Task)test.Invoke(Activator.CreateInstance(tests), null)!;
    }

    private static void Set(Assembly loaded, string name, object? value) => Field(loaded, name).SetValue(null, value);

    private static FieldInfo Field(Assembly loaded, string name) =>
        loaded.GetType("Program")!.GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!;

    private CSharpCompilation Compile()
    {
        string usings = string.Concat(LeadingUsing().Matches(Code).Select(match => match.Value));
        string rest = LeadingUsing().Replace(Code, string.Empty);
        bool isProgram = rest.Contains("WebApplication.CreateBuilder(args)", StringComparison.Ordinal);
        bool isTest = rest.TrimStart().StartsWith("[Fact]", StringComparison.Ordinal);
        string source = isTest ? $"{usings}using BudgetGuard; using Xunit;\npublic class Snippet\n{{\n{rest}\n}}\npartial class Program {{ static void Main() {{ }} }}"
            : isProgram ? AsPart(Code)
            : $"{usings}using BudgetGuard;\nawait Task.Yield();\n{AsPart(rest)}";
        CSharpParseOptions options = new(LanguageVersion.Latest);
        return CSharpCompilation.Create(
            "Snippet" + Guid.NewGuid().ToString("N"),
            [
                CSharpSyntaxTree.ParseText(source, options),
                CSharpSyntaxTree.ParseText(ImplicitUsings, options),
                CSharpSyntaxTree.ParseText(isTest ? string.Empty : Scope, options),
            ],
            References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
    }

    /// <summary>Statements of a program, with the builder from outside, the app told and its run left out.</summary>
    private static string AsPart(string statements) => statements
        .Replace("= WebApplication.CreateBuilder(args);", "= Program.builder ?? WebApplication.CreateBuilder(args);", StringComparison.Ordinal)
        .Replace("app = builder.Build();", "app = Program.app = builder.Build();", StringComparison.Ordinal)
        .Replace("app.Run();", string.Empty, StringComparison.Ordinal);

    [GeneratedRegex(@"^```(?<language>[a-z]+)\r?\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^using [A-Za-z0-9_.]+;\r?\n", RegexOptions.Multiline)]
    private static partial Regex LeadingUsing();
}
