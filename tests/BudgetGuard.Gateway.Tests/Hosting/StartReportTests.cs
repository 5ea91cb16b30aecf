using BudgetGuard.Gateway.Hosting;
using BudgetGuard.Gateway.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Gateway.Tests.Hosting;

/// <summary>What a gateway says at start of who answers and which budgets hold.</summary>
public sealed class StartReportTests
{
    private const string NoBudgets = "{}";

    [Fact]
    public async Task Every_vendor_is_said_to_be_simulated_without_an_upstream()
    {
        string[] lines = await LinesAsync(GatewayUnderTest.Own);
        Assert.Equal(3, lines.Length);
        foreach (string vendor in (string[])["openai", "anthropic", "gemini"])
        {
            Assert.Contains($"Information {vendor}: answered by the simulated model, as no upstream is configured.", lines);
        }
    }

    [Fact]
    public async Task Host_is_named_where_requests_are_forwarded_and_a_vendor_without_one_too()
    {
        string[] lines = await LinesAsync(GatewayUnderTest.Own, "https://api.example.com:8443/base");
        Assert.Equal(3, lines.Length);
        Assert.Contains("Information openai: forwarded to api.example.com:8443.", lines);
        Assert.Contains("Information gemini: not configured, answered with 501 (Gateway:Upstreams:gemini:Address).", lines);
    }

    [Theory]
    [InlineData(NoBudgets, "https://api.example.com", true)]
    [InlineData(NoBudgets, null, false)]
    [InlineData(GatewayUnderTest.Own, "https://api.example.com", false)]
    public async Task Demo_budgets_before_a_real_upstream_are_warned_of(string guard, string? address, bool warns)
    {
        string? warning = (await LinesAsync(guard, address)).SingleOrDefault(static line => line.StartsWith("Warning", StringComparison.Ordinal));
        Assert.Equal(warns, warning is not null);
        if (warning is not null)
        {
            Assert.Contains("demo_day ($0.10 a day for each user)", warning, StringComparison.Ordinal);
            Assert.Contains("BudgetGuard:Budgets:user_daily:Limit=5", warning, StringComparison.Ordinal);
        }
    }

    private static async Task<string[]> LinesAsync(string guard, string? address = null)
    {
        Dictionary<string, string?> settings = new()
        {
            ["Gateway:Upstreams:openai:Address"] = address,
            ["Gateway:Upstreams:anthropic:Address"] = null,
            ["Gateway:Upstreams:gemini:Address"] = null,
        };
        if (guard == NoBudgets)
        {
            foreach (string member in (string[])["Limit", "Period", "OnExceeded"])
            {
                settings[$"BudgetGuard:Budgets:everything:{member}"] = null;
            }
        }

        Lines lines = new();
        string[] arguments = GatewayUnderTest.Arguments(new Uri("http://127.0.0.1:1"), guard, settings);
        await using WebApplication app = GatewayApp.Build(arguments, builder => builder.Services.AddSingleton<ILogger<StartReport>>(lines));
        await app.Services.GetServices<IHostedService>().OfType<StartReport>().Single().StartAsync(CancellationToken.None);
        return [.. lines.Said];
    }

    private sealed class Lines : ILogger<StartReport>
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Add($"{logLevel} {formatter(state, exception)}");
    }
}
