using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Sqlite;

/// <summary>Whom and what a sum is of, as the text it is kept under.</summary>
internal sealed record SpendKeyText(string? User, string? Model, string? Operation, ImmutableArray<string> Budgets)
{
    public static string Of(in SpendKey key) =>
        JsonSerializer.Serialize(new SpendKeyText(key.User, key.Model, key.Operation, key.Budgets.Names), SpendKeyJson.Default.SpendKeyText);

    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static SpendKey Parse(string text)
    {
        try
        {
            if (JsonSerializer.Deserialize(text, SpendKeyJson.Default.SpendKeyText) is { Budgets.IsDefault: false } key)
            {
                return new SpendKey(key.User, key.Model, key.Operation, BudgetNames.Of(key.Budgets));
            }
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException("What a sum of the history is of cannot be read.", fault);
        }

        throw new InvalidDataException("What a sum of the history is of cannot be read.");
    }
}

/// <summary>How such a text is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SpendKeyText))]
internal sealed partial class SpendKeyJson : JsonSerializerContext;
