using System.Buffers;

namespace BudgetGuard.Gateway.Forwarding;

/// <summary>What a header may be called.</summary>
internal static class HeaderNames
{
    private const int MostCharacters = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");

    public static bool IsName(ReadOnlySpan<char> text) => text.Length is > 0 and <= MostCharacters && !text.ContainsAnyExcept(Allowed);
}
