using System.Text.Json;

namespace BudgetGuard.Api.Deciding;

/// <summary>Reads text of JSON that nobody has looked into yet.</summary>
internal static class JsonText
{
    /// <summary>The text; null if it is none, or has an escape of half a character only.</summary>
    public static string? TryText(this JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
