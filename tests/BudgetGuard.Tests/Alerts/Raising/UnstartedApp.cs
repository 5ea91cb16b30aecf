using BudgetGuard.Alerts.Delivery;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>What raises alerts, with nothing running that would take them from their queue or look by itself.</summary>
internal sealed class UnstartedApp : IDisposable
{
    private readonly ServiceProvider _provider;
    private readonly IConfigurationRoot _configuration;

    public UnstartedApp(DateTimeOffset at, params (string Key, string Value)[] keys)
    {
        Time = new FakeTimeProvider(at);
        _configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(keys.Select(static pair => KeyValuePair.Create("BudgetGuard:" + pair.Key, (string?)pair.Value)))
            .Build();
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IConfiguration>(_configuration);
        services.AddBudgetGuard();
        _provider = services.BuildServiceProvider();
    }

    public FakeTimeProvider Time { get; }

    public T Get<T>()
        where T : notnull =>
        _provider.GetRequiredService<T>();

    public void Reconfigure(string key, string value)
    {
        _configuration["BudgetGuard:" + key] = value;
        _configuration.Reload();
    }

    /// <summary>What was raised since it was last asked.</summary>
    public List<BudgetAlert> Raised()
    {
        List<BudgetAlert> raised = [];
        while (Get<AlertQueue>().Reader.TryRead(out AlertQueue.Item item))
        {
            if (item.Alert is { } alert)
            {
                raised.Add(alert.Write());
            }
        }

        return raised;
    }

    public void Dispose() => _provider.Dispose();
}
