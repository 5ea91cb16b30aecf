using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Filtering;

/// <summary>Tells a request that wants to leave HTTP: what passes after that, nobody meters.</summary>
internal static class UpgradeRequests
{
    /// <summary>True for a WebSocket or another upgrade, over HTTP/1.1 or by an extended CONNECT.</summary>
    public static bool Is(IFeatureCollection features) =>
        features[typeof(IHttpUpgradeFeature)] is IHttpUpgradeFeature { IsUpgradableRequest: true }
        || features[typeof(IHttpExtendedConnectFeature)] is IHttpExtendedConnectFeature { IsExtendedConnect: true };
}
