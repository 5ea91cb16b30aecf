using BudgetGuard.Gateway.Settings;
using Microsoft.Extensions.Configuration;

namespace BudgetGuard.Gateway.Tests.Settings;

public sealed class StoreSettingsTests
{
    [Theory]
    [InlineData(null, null, "Sqlite", null)]
    [InlineData("sqlite", "Data Source=a b.db", "Sqlite", "a b.db")]
    [InlineData("Sqlite", "DataSource=/var/a.db", "Sqlite", "/var/a.db")]
    [InlineData("Sqlite", "/var/a.db", "Sqlite", "/var/a.db")]
    [InlineData("memory", null, "Memory", null)]
    [InlineData("redis", null, "Redis", null)]
    [InlineData("Redis", "a:1,password=x=y", "Redis", "a:1,password=x=y")]
    public void Store_and_its_place_are_read(string? store, string? connection, string kind, string? place)
    {
        StoreSettings settings = Read(store, connection, out IReadOnlyList<string> problems);
        Assert.Empty(problems);
        Assert.Equal((kind, place), (settings.Kind.ToString(), settings.Place));
    }

    [Fact]
    public void Memory_has_no_connection()
    {
        Read("Memory", "a.db", out IReadOnlyList<string> problems);
        Assert.Contains(problems, static told => told.StartsWith("Gateway:ConnectionString: the store Memory has no such setting", StringComparison.Ordinal));
    }

    private static StoreSettings Read(string? store, string? connection, out IReadOnlyList<string> problems)
    {
        var values = new Dictionary<string, string?> { ["urls"] = "http://127.0.0.1:0" };
        if (store is not null)
        {
            values["Gateway:Store"] = store;
        }

        if (connection is not null)
        {
            values["Gateway:ConnectionString"] = connection;
        }

        return GatewaySettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), out problems).Store;
    }
}
