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
    public static string PartitionOf(in AccountKey key)
    {
        var text = new StringBuilder();
        Add(text, key.Partition.IsDefault ? [] : key.Partition);
        return text.ToString(1, text.Length - 1);
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
