using System.Net;
using BudgetGuard.Gateway.Routing;

namespace BudgetGuard.Gateway.Settings;

/// <summary>Whoever reaches the gateway spends the provider's key. Without keys of their own, only callers on this machine may.</summary>
internal static class OpenProxy
{
    public static IEnumerable<string> ProblemsOf(GatewaySettings settings, IConfiguration configuration)
    {
        if (!settings.Keys.IsEmpty)
        {
            yield break;
        }

        string? open = ListenAddresses.Of(configuration).FirstOrDefault(static address => !IsLoopback(address));
        foreach ((Vendor vendor, UpstreamSettings upstream) in settings.Upstreams)
        {
            if (open is not null && upstream.ApiKey is not null)
            {
                yield return $"Gateway:Upstreams:{Vendors.NameOf(vendor)}:ApiKey: anybody who reaches '{open}' could spend it, which makes this an open proxy; "
                    + "expected Gateway:Keys for the callers, or an address of this machine only, as http://127.0.0.1:5080";
            }
        }
    }

    /// <summary>True where nobody but this machine can reach what is listened on.</summary>
    public static bool IsLocalOnly(IConfiguration configuration) => ListenAddresses.Of(configuration).All(IsLoopback);

    /// <summary>True only for what is surely local: a name that resolves to anything else tomorrow is not.</summary>
    public static bool IsLoopback(string address) =>
        ListenAddresses.Parse(address) is { } binding && (binding.IsUnixPipe || binding.IsNamedPipe || IsLoopbackHost(binding.Host));

    public static bool IsLoopbackHost(ReadOnlySpan<char> host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim("[]"), out IPAddress? ip) && IPAddress.IsLoopback(ip));
}
