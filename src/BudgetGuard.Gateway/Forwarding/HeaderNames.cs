using System.Buffers;
using System.Collections.Frozen;

namespace BudgetGuard.Gateway.Forwarding;

/// <summary>What a header may be called.</summary>
internal static class HeaderNames
{
    private const int MostCharacters = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");

    private const string ContentPrefix = "Content-";

    private static readonly FrozenSet<string> OfMessage = FrozenSet.ToFrozenSet(
        [
            "Accept", "Accept-Encoding", "Allow", "Connection", "Cookie", "Date", "Expect", "Expires", "Host", "Keep-Alive", "Last-Modified", "Proxy-Connection",
            "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via",
        ],
        StringComparer.OrdinalIgnoreCase);

    public static bool IsName(ReadOnlySpan<char> text) => text.Length is > 0 and <= MostCharacters && !text.ContainsAnyExcept(Allowed);

    /// <summary>True for what says how a message is sent or read: a value of one's own there breaks it, or makes two messages of one.</summary>
    public static bool IsOfMessage(string name) => name.StartsWith(ContentPrefix, StringComparison.OrdinalIgnoreCase) || OfMessage.Contains(name);
}
