using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// Tells one request from another. What is for others is taken as it came: it may hold text that cannot be written again, such as half a character that a
/// client cut off.
/// </summary>
internal static class Fingerprint
{
    public static byte[] Of(DecisionInput input) =>
        Of(JsonSerializer.SerializeToUtf8Bytes(input with { Request = null }, DecisionJson.Default.DecisionInput), input.Request);

    public static byte[] Of(SettleInput input) =>
        Of(JsonSerializer.SerializeToUtf8Bytes(input with { Usage = null }, DecisionJson.Default.SettleInput), input.Usage);

    private static byte[] Of(ReadOnlySpan<byte> own, JsonElement? foreign)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(own);
        if (foreign is { } value)
        {
            hash.AppendData(JsonMarshal.GetRawUtf8Value(value));
        }

        return hash.GetHashAndReset();
    }
}
