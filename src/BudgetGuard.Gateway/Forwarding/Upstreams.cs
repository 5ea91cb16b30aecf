using System.Collections.Immutable;
using BudgetGuard.Gateway.Routing;
using BudgetGuard.Gateway.Settings;
using Yarp.ReverseProxy.Forwarder;

namespace BudgetGuard.Gateway.Forwarding;

/// <summary>The providers that have an address.</summary>
internal sealed class Upstreams : IDisposable
{
    private readonly ImmutableDictionary<Vendor, Upstream> _upstreams;

    public Upstreams(GatewaySettings settings, IConfiguration configuration, IHttpForwarder forwarder, ILogger<Upstream> logger)
    {
        string? userHeader = configuration[$"{BudgetGuardOptions.SectionName}:{nameof(BudgetGuardOptions.UserHeader)}"];
        _upstreams = settings.Upstreams
            .Where(static pair => pair.Value.Address is not null)
            .ToImmutableDictionary(
                static pair => pair.Key,
                pair => new Upstream(pair.Key, pair.Value, new ProviderTransformer(pair.Key, pair.Value, !settings.Keys.IsEmpty, userHeader, logger), forwarder, logger));
    }

    public Upstream? Find(Vendor vendor) => _upstreams.GetValueOrDefault(vendor);

    public void Dispose()
    {
        foreach (Upstream upstream in _upstreams.Values)
        {
            upstream.Dispose();
        }
    }
}
