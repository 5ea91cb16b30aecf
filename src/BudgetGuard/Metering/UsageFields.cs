using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Metering;

/// <summary>Reads the fields of usage blocks as providers really write them; what is not there or makes no sense is unknown, never an error.</summary>
internal static class UsageFields
{
    // No call uses a trillion tokens, and sums of such counts stay far from overflow.
    private const decimal MaxCount = 1_000_000_000_000m;
    private const decimal MaxUsd = 1_000_000m;

    /// <summary>A member of an object; undefined where there is none.</summary>
    public static JsonElement Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : default;

    /// <summary>The first of several spellings that is an object.</summary>
    public static JsonElement Block(JsonElement parent, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Member(parent, name) is { ValueKind: JsonValueKind.Object } block)
            {
                return block;
            }
        }

        return default;
    }

    public static bool IsTrue(JsonElement parent, string name) => Member(parent, name).ValueKind == JsonValueKind.True;

    public static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A count of tokens, also one written as a string or with a fraction; unknown where it is missing, negative or absurd.</summary>
    public static long? Count(JsonElement parent, string name) =>
        Number(Member(parent, name)) is >= 0 and <= MaxCount and var count ? (long)decimal.Ceiling(count) : null;

    /// <summary>The largest of several spellings of one count.</summary>
    public static long? Count(JsonElement parent, params ReadOnlySpan<string> names)
    {
        long? largest = null;
        foreach (var name in names)
        {
            if (Count(parent, name) is { } count && !(largest >= count))
            {
                largest = count;
            }
        }

        return largest;
    }

    /// <summary>
    /// What the provider says the call cost, in US dollars. That an answer cost nothing is for prices and <c>FreeModels</c> to say; it is believed only of an error.
    /// </summary>
    public static decimal? Cost(JsonElement answer, JsonElement usage) => Cost(usage) is { } cost && (cost > 0 || IsError(answer)) ? cost : null;

    private static decimal? Cost(JsonElement usage)
    {
        if (Usd(Member(usage, "cost_in_usd_ticks")) is { } ticks)
        {
            return ticks / 10_000_000_000m is <= MaxUsd and var usd ? usd : null;
        }

        var cost = Member(usage, "cost");
        var total = cost.ValueKind == JsonValueKind.Object ? Usd(Member(cost, "total_cost")) : Usd(cost);
        if (!IsTrue(usage, "is_byok"))
        {
            return total is <= MaxUsd ? total : null;
        }

        // With the caller's own key the cost is the broker's fee alone; the model is billed on top.
        var upstream = Usd(Member(Member(usage, "cost_details"), "upstream_inference_cost"));
        return total <= MaxUsd && upstream <= MaxUsd ? total + upstream : null;
    }

    /// <summary>True if the answer says that it is an error.</summary>
    public static bool IsError(JsonElement answer) => Member(answer, "error").ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>
    /// Completes the two totals from what is known of them and their sum. More than the parts in the sum is output, the dearer of the two
    /// (some leave reasoning out of it); less is disbelieved. False if one of them cannot be known.
    /// </summary>
    public static bool TryBalance(long? input, long? output, long? sum, out long allInput, out long allOutput)
    {
        allInput = input ?? (output is null ? 0 : Math.Max(0, (sum - output) ?? 0));
        allOutput = Math.Max(output ?? 0, (sum - allInput) ?? 0);
        return sum is not null || (input is not null && output is not null);
    }

    private static decimal? Usd(JsonElement value) => Number(value) is >= 0 and var usd ? usd : null;

    private static decimal? Number(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return value.TryGetDecimal(out var number) ? number : null;
            case JsonValueKind.String:
                return decimal.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number) ? number : null;
            default:
                return null;
        }
    }
}
