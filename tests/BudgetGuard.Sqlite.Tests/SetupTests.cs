using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What an app does to keep its budgets, and what it is told when that cannot be.</summary>
public sealed class SetupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;

    private string FilePath => Path.Combine(_folder, "budgets.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Spending_outlasts_the_app()
    {
        for (int start = 0; start < 2; start++)
        {
            await using WebApplication app = await StartAsync(guard => guard.UseSqlite(FilePath));
            using HttpClient client = ClientOf(app);
            Assert.Equal(HttpStatusCode.OK, await AskAsync(client));
        }

        await using WebApplication third = await StartAsync(guard => guard.UseSqlite(FilePath));
        using HttpClient last = ClientOf(third);
        Assert.Equal(HttpStatusCode.PaymentRequired, await AskAsync(last));
    }

    [Fact]
    public async Task Section_names_the_file_and_the_program_wins()
    {
        await using (WebApplication app = await StartAsync(static guard => guard.UseSqlite(), ("BudgetGuard:Sqlite:Path", FilePath), ("BudgetGuard:Sqlite:Durability", "relaxed")))
        {
            Assert.Equal(new SqliteSetup(FilePath, Durability.Relaxed), app.Services.GetRequiredService<SqliteSetup>());
        }

        Assert.True(File.Exists(FilePath));
        await using WebApplication other = await StartAsync(
            guard => guard.UseSqlite(options => options.Durability = Durability.Strict), ("BudgetGuard:Sqlite:Path", FilePath), ("BudgetGuard:Sqlite:Durability", "Relaxed"));
        Assert.Equal(Durability.Strict, other.Services.GetRequiredService<SqliteSetup>().Durability);
    }

    [Theory]
    [InlineData("BudgetGuard:Sqlite:Durability", "Sometimes", "BudgetGuard:Sqlite:Durability")]
    [InlineData("BudgetGuard:Sqlite:Pfad", "x.db", "BudgetGuard:Sqlite:Pfad")]
    [InlineData("BudgetGuard:Sqlite:Path", ":memory:", "BudgetGuard:Sqlite:Path")]
    [InlineData("BudgetGuard:Sqlite:Path", "Data Source=x.db", "BudgetGuard:Sqlite:Path")]
    [InlineData("BudgetGuard:Sqlite", "x.db", "BudgetGuard:Sqlite")]
    public async Task Section_that_cannot_be_kept_stops_the_start(string key, string value, string named)
    {
        OptionsValidationException refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => StartAsync(static guard => guard.UseSqlite(), (key, value)));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Section_of_a_store_that_is_not_in_use_stops_the_start()
    {
        OptionsValidationException refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(
            () => StartAsync(static _ => { }, ("BudgetGuard:Sqlite:Path", FilePath)));
        Assert.Contains("UseSqlite", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_app_on_the_file_does_not_start()
    {
        await using WebApplication first = await StartAsync(guard => guard.UseSqlite(FilePath));
        IOException refused = await Assert.ThrowsAsync<IOException>(() => StartAsync(guard => guard.UseSqlite(FilePath)));
        Assert.Contains(FilePath, refused.Message, StringComparison.Ordinal);
        using HttpClient client = ClientOf(first);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(client));
    }

    [Fact]
    public async Task Folder_that_is_missing_stops_the_start()
    {
        DirectoryNotFoundException refused = await Assert.ThrowsAsync<DirectoryNotFoundException>(
            () => StartAsync(guard => guard.UseSqlite(Path.Combine(_folder, "none", "budgets.db"))));
        Assert.Contains("BudgetGuard:Sqlite:Path", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_the_section_are_those_of_the_options_and_of_the_schema()
    {
        string[] properties = [.. typeof(SqliteStoreOptions).GetProperties().Select(static property => property.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(properties, SqliteSetup.Keys.Select(static key => key.Name).Order(StringComparer.Ordinal));
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root(), "src", "BudgetGuard", "ConfigurationSchema.json")));
        JsonElement section = schema.RootElement.GetProperty("properties").GetProperty("BudgetGuard").GetProperty("properties").GetProperty("Sqlite").GetProperty("properties");
        Assert.Equal(properties, section.EnumerateObject().Select(static property => property.Name).Order(StringComparer.Ordinal));
        var defaults = new SqliteStoreOptions();
        Assert.Equal(defaults.Path, section.GetProperty("Path").GetProperty("default").GetString());
        Assert.Equal(defaults.Durability.ToString(), section.GetProperty("Durability").GetProperty("default").GetString());
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "BudgetGuard.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    private static HttpClient ClientOf(WebApplication app) => ((TestServer)app.Services.GetRequiredService<IServer>()).CreateClient();

    private static async Task<HttpStatusCode> AskAsync(HttpClient client)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/ask");
        request.Headers.Add("X-User-ID", "ann");
        using HttpResponseMessage answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private static async Task<WebApplication> StartAsync(Action<IBudgetGuardBuilder> use, params (string Key, string Value)[] settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["BudgetGuard:DefaultCost"] = "0.4",
            ["BudgetGuard:StoreTimeout"] = "00:00:20",
            ["BudgetGuard:Budgets:own:Limit"] = "1",
            ["BudgetGuard:Budgets:own:Period"] = "Total",
            ["BudgetGuard:Budgets:own:Per"] = "User",
            ["BudgetGuard:Budgets:own:OnExceeded"] = "Reject",
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(static pair => pair.Key, static pair => (string?)pair.Value));
        use(builder.Services.AddBudgetGuard());
        WebApplication app = builder.Build();
        app.UseBudgetGuard();
        app.MapGet("/ask", static () => "yes");
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return app;
    }
}
