
namespace BudgetGuard.Configuration;

/// <summary>A name in which <c>*</c> stands for any characters and nothing else is special.</summary>
internal sealed record WildcardPattern(string Text, bool IgnoreCase)
{
    // Not FileSystemName: there "?" and "\" are special too.
    private readonly string[] _parts = Text.Split('*');

    public bool Matches(ReadOnlySpan<char> value)
    {
        StringComparison comparison = IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        if (_parts.Length == 1)
        {
            return value.Equals(Text, comparison);
        }

        if (value.Length < _parts[0].Length + _parts[^1].Length
            || !value.StartsWith(_parts[0], comparison)
            || !value.EndsWith(_parts[^1], comparison))
        {
            return false;
        }

        ReadOnlySpan<char> middle = value[_parts[0].Length..^_parts[^1].Length];
        for (int i = 1; i < _parts.Length - 1; i++)
        {
            int at = middle.IndexOf(_parts[i], comparison);
            if (at < 0)
            {
                return false;
            }

            middle = middle[(at + _parts[i].Length)..];
        }

        return true;
    }

    public bool Equals(WildcardPattern? other) => other is not null && Text == other.Text && IgnoreCase == other.IgnoreCase;

    public override int GetHashCode() => HashCode.Combine(Text, IgnoreCase);
}
