using System.Security.Cryptography;
using System.Text.Json;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>A request to the simulated model, whichever API it came by.</summary>
internal sealed class SimulatedCall
{
    private SimulatedCall(JsonElement body, PromptText prompt, string? model, byte[] digest)
    {
        Body = body;
        Prompt = prompt;
        Model = model ?? TextOf(body, "model") ?? "simulated";
        Digest = digest;
    }

    public JsonElement Body { get; }

    public PromptText Prompt { get; }

    public string Model { get; }

    /// <summary>The same for the same request.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    /// <summary>Tells answers apart; the same for the same request.</summary>
    public string Id => Convert.ToHexStringLower(Digest.Span[..12]);

    public bool IsStream => Flag(Body, "stream");

    /// <summary>Reads a body; null where it was no JSON object, and then 400 has been answered.</summary>
    public static async Task<SimulatedCall?> ReadAsync(HttpContext context, string[] promptMembers, string? model = null)
    {
        using MemoryStream copy = new();
        await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
        try
        {
            ReadOnlyMemory<byte> bytes = copy.GetBuffer().AsMemory(0, (int)copy.Length);
            using JsonDocument document = JsonDocument.Parse(bytes);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                JsonElement body = document.RootElement.Clone();
                return new SimulatedCall(body, PromptText.Of(body, promptMembers), model, SHA256.HashData(bytes.Span));
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // Falls through: a body that cannot be read is answered as one that is something else.
        }

        await Errors.DialectErrors.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_json", "The simulated model reads plain JSON objects only.");
        return null;
    }

    /// <summary>The first of these members that is a positive number.</summary>
    public int? Number(params ReadOnlySpan<string> members) => Number(Body, members);

    public static int? Number(JsonElement parent, params ReadOnlySpan<string> members)
    {
        foreach (string member in members)
        {
            if (parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(member, out JsonElement value)
                && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= 1)
            {
                return (int)Math.Min(number, int.MaxValue);
            }
        }

        return null;
    }

    public static bool Flag(JsonElement parent, string member) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    public static string? TextOf(JsonElement parent, string member) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static JsonElement Member(JsonElement parent, string member) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(member, out JsonElement value) ? value : default;
}
