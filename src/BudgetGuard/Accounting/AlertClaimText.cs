using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace BudgetGuard.Accounting;

/// <summary>
/// A claim as a text, for stores that know it by one: the same for claims that are the same, and another for any other. JSON in ASCII, so that a value cannot pass
/// for two, and half a surrogate is one like any other.
/// </summary>
internal static class AlertClaimText
{
    public static string Of(AlertClaim claim)
    {
        var text = new StringBuilder("[");
        Add(text, claim.Type).Append(',');
        Add(text, claim.Subject).Append(',');
        text.Append(claim.Threshold.ToString("0.#############################", CultureInfo.InvariantCulture)).Append(',');
        text.Append(CultureInfo.InvariantCulture, $"{claim.WindowStart?.UtcTicks ?? -1},{claim.Round},");
        if (claim.Account is { } account)
        {
            Add(text, account.Key);
        }
        else
        {
            text.Append("null");
        }

        return text.Append(']').ToString();
    }

    /// <summary>An account as a text.</summary>
    public static string Of(in AccountKey key) => Add(new StringBuilder(), key).ToString();

    /// <summary>The values that split an account's budget, as a text.</summary>
    public static string PartitionOf(in AccountKey key) => ListOf(key.Partition.IsDefault ? [] : key.Partition);

    /// <summary>A list of texts as one.</summary>
    public static string ListOf(IEnumerable<string?> values)
    {
        var text = new StringBuilder();
        Add(text, values);
        return text.ToString(1, text.Length - 1);
    }

    /// <summary>Reads what <see cref="PartitionOf"/> wrote; null where that is something else. Not a reader of JSON, which would not take half a surrogate.</summary>
    public static ImmutableArray<string?>? ParsePartition(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '[' || text[^1] != ']')
        {
            return null;
        }

        var values = ImmutableArray.CreateBuilder<string?>();
        ReadOnlySpan<char> left = text[1..^1];
        while (!left.IsEmpty)
        {
            if (left.StartsWith("null"))
            {
                values.Add(null);
                left = left[4..];
            }
            else if (!TryParseValue(ref left, values))
            {
                return null;
            }

            left = left.StartsWith(",") ? left[1..] : left;
        }

        return values.ToImmutable();
    }

    private static bool TryParseValue(ref ReadOnlySpan<char> left, ImmutableArray<string?>.Builder values)
    {
        var value = new StringBuilder();
        for (int i = 1; left[0] == '"' && i < left.Length; i++)
        {
            if (left[i] == '"')
            {
                values.Add(value.ToString());
                left = left[(i + 1)..];
                return true;
            }

            if (left[i] != '\\')
            {
                value.Append(left[i]);
            }
            else if (i + 5 < left.Length && ushort.TryParse(left.Slice(i + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
            {
                value.Append((char)code);
                i += 5;
            }
            else
            {
                return false;
            }
        }

        return false;
    }

    private static StringBuilder Add(StringBuilder text, in AccountKey key)
    {
        Add(text.Append('['), key.Budget.ToUpperInvariant());
        text.Append(CultureInfo.InvariantCulture, $",{(int)key.Unit},{(int)key.Window.Period},");
        Add(text, key.Window.Zone.Id);
        text.Append(CultureInfo.InvariantCulture, $",{key.Window.Rolling?.Ticks ?? 0}");
        Add(text, key.Per.IsDefault ? [] : key.Per);
        Add(text, key.Partition.IsDefault ? [] : key.Partition);
        return text.Append(']');
    }

    private static void Add(StringBuilder text, IEnumerable<string?> values)
    {
        text.Append(",[");
        bool isFirst = true;
        foreach (string? value in values)
        {
            Add(isFirst ? text : text.Append(','), value);
            isFirst = false;
        }

        text.Append(']');
    }

    private static StringBuilder Add(StringBuilder text, string? value)
    {
        if (value is null)
        {
            return text.Append("null");
        }

        text.Append('"');
        foreach (char one in value)
        {
            if (one is >= ' ' and <= '~' and not '"' and not '\\')
            {
                text.Append(one);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)one:x4}");
            }
        }

        return text.Append('"');
    }
}
