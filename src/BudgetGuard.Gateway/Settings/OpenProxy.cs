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

    /// <summary>True only for what is surely local: a name that resolves to anything else tomorrow is not.</summary>
    public static bool IsLoopback(string address)
    {
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            // The server will refuse it; until then it counts as open.
            return false;
        }

        return binding.IsUnixPipe || binding.IsNamedPipe
            || string.Equals(binding.Host, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(binding.Host.Trim('[', ']'), out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }
}
