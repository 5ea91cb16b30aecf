using System.Diagnostics.CodeAnalysis;
using MimeKit;

namespace BudgetGuard.Email;

/// <summary>Reads the addresses of the configuration: one mailbox each, with a domain and in one line.</summary>
internal static class MailAddresses
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out MailboxAddress? address)
    {
        address = null;

        // The parser takes folded lines; in a setting they can only be a mistake, or an attempt to add a header.
        if (string.IsNullOrWhiteSpace(text) || text.AsSpan().ContainsAnyInRange('\0', '\x1f') || text.Contains('\x7f', StringComparison.Ordinal))
        {
            return false;
        }

        if (!MailboxAddress.TryParse(text, out MailboxAddress? parsed) || parsed.LocalPart.Length == 0 || string.IsNullOrEmpty(parsed.Domain) || !parsed.Route.IsEmpty())
        {
            return false;
        }

        address = parsed;
        return true;
    }

    /// <summary>A copy: a message listens to its addresses, so that one that is shared would keep every message alive.</summary>
    public static MailboxAddress Copy(this MailboxAddress address) => new(address.Encoding, address.Name, address.Address);

    private static bool IsEmpty(this DomainList route) => route.Count == 0;
}
