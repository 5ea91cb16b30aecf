using System.Net;
using System.Net.Sockets;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Which addresses are of the public internet. Everything else is refused to alerts, or their address would be a way into the network.</summary>
internal static class AddressRules
{
    /// <summary>IANA's special purpose registry for IPv4, multicast and reserved space, and one host of a cloud that is not what its address says.</summary>
    private static readonly IPNetwork[] _closed4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"),
        IPNetwork.Parse("192.88.99.0/24"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("198.51.100.0/24"),
        IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),

        // Azure's channel to its virtual machines.
        IPNetwork.Parse("168.63.129.16/32"),
    ];

    private static readonly IPNetwork _global6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork _nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork _sixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>What of the global range is for protocols (Teredo is one of them) and for documentation.</summary>
    private static readonly IPNetwork[] _closed6 = [IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("3fff::/20")];

    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return IsOutside(address, _closed4);
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.ScopeId != 0)
        {
            return false;
        }

        // Ways to write, or to reach, an IPv4 address: it is what counts.
        if (address.IsIPv4MappedToIPv6)
        {
            return IsPublic(address.MapToIPv4());
        }

        byte[] bytes = address.GetAddressBytes();
        if (_nat64.Contains(address))
        {
            return IsPublic(new IPAddress(bytes.AsSpan(12, 4)));
        }

        return _sixToFour.Contains(address)
            ? IsPublic(new IPAddress(bytes.AsSpan(2, 4)))
            : _global6.Contains(address) && IsOutside(address, _closed6);
    }

    private static bool IsOutside(IPAddress address, IPNetwork[] networks)
    {
        foreach (IPNetwork network in networks)
        {
            if (network.Contains(address))
            {
                return false;
            }
        }

        return true;
    }
}
