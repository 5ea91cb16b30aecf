using System.Net;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Checks the address of a sink before it is used. A problem never shows it: it may be a secret.</summary>
internal static class SinkUrl
{
    private const int MaxLength = 2048;

    /// <summary>What is wrong; null for nothing. What a name resolves to is looked at when it is connected to.</summary>
    public static string? Problem(AlertSinkOptions options, string example)
    {
        if (string.IsNullOrWhiteSpace(options.Url))
        {
            return $"is missing; expected the address alerts are posted to, such as {example}";
        }

        if (options.Url.Length > MaxLength)
        {
            return $"is longer than {MaxLength} characters; expected an address such as {example}";
        }

        // Uri would throw a tab or line break away, and read a backslash as a slash: what is connected to should be what is written.
        if (options.Url.AsSpan().IndexOfAnyInRange('\0', ' ') >= 0 || options.Url.Contains('\\') || !Uri.TryCreate(options.Url, UriKind.Absolute, out Uri? url))
        {
            return $"is not an absolute address; expected one such as {example}";
        }

        if (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp)
        {
            return $"is neither https nor http; expected one such as {example}";
        }

        if (url.Scheme == Uri.UriSchemeHttp && !options.AllowPrivateNetworks)
        {
            return "is plain http, which anybody on the way can read and change; expected https, or AllowPrivateNetworks true for a receiver in a network of your own";
        }

        if (url.UserInfo.Length > 0 || url.Authority.Contains('@'))
        {
            return "has a user name or password in it; expected an address without";
        }

        if (url.Fragment.Length > 0)
        {
            return "has a fragment (#), which is never sent; expected an address without";
        }

        return !options.AllowPrivateNetworks && IsPrivateByName(url)
            ? "is of this machine or a private network; expected a public address, or AllowPrivateNetworks true"
            : null;
    }

    private static bool IsPrivateByName(Uri url)
    {
        string host = url.IdnHost.TrimEnd('.');

        // Uri has turned 0x7f000001, 2130706433 and 127.1 into 127.0.0.1 by now; a dot at the end keeps it from doing so.
        return IPAddress.TryParse(host, out IPAddress? address)
            ? !AddressRules.IsPublic(address)
            : host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }
}
