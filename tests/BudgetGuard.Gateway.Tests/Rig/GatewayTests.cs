namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Tests with a provider of their own; at the end of each the books of every gateway it started are compared with the provider's.</summary>
public abstract class GatewayTests : IAsyncLifetime
{
    private readonly List<GatewayUnderTest> _gateways = [];

    internal FakeProvider Provider { get; private set; } = null!;

    public async Task InitializeAsync() => Provider = await FakeProvider.StartAsync();

    public async Task DisposeAsync()
    {
        try
        {
            foreach (GatewayUnderTest gateway in _gateways)
            {
                await gateway.AssertBooksAsync();
            }
        }
        finally
        {
            foreach (GatewayUnderTest gateway in _gateways)
            {
                await gateway.DisposeAsync();
            }

            await Provider.DisposeAsync();
        }
    }

    internal async Task<GatewayUnderTest> StartAsync(string guard = GatewayUnderTest.Own, IReadOnlyDictionary<string, string?>? settings = null)
    {
        GatewayUnderTest gateway = await GatewayUnderTest.StartAsync(Provider, guard, settings);
        _gateways.Add(gateway);
        return gateway;
    }
}
