using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Signs messages by Standard Webhooks 1.0.0, once with each secret.</summary>
internal sealed class WebhookSignature
{
    private const string Prefix = "whsec_";
    private const int MinBytes = 24;
    private const int MaxBytes = 64;

    private readonly byte[][] _keys;

    private WebhookSignature(byte[][] keys) => _keys = keys;

    /// <summary>What is wrong with secrets; null for nothing.</summary>
    public static string? Problem(string secrets)
    {
        string[] all = Split(secrets);
        return all.Length > 0 && Array.TrueForAll(all, static secret => Key(secret) is not null)
            ? null
            : $"is no secret of Standard Webhooks; expected 'whsec_' and {MinBytes} to {MaxBytes} bytes in base64, several separated by a space";
    }

    /// <summary>Of secrets without a problem.</summary>
    public static WebhookSignature Of(string secrets) => new(Array.ConvertAll(Split(secrets), static secret => Key(secret)!));

    /// <summary>The value of <c>webhook-signature</c>.</summary>
    public string Sign(string id, long timestamp, ReadOnlySpan<byte> body)
    {
        byte[] head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        byte[] signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', Array.ConvertAll(_keys, key => "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed))));
    }

    private static string[] Split(string secrets) => secrets.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static byte[]? Key(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal) || secret.AsSpan().ContainsAny('\r', '\n', '\t') || !Base64.IsValid(secret.AsSpan(Prefix.Length)))
        {
            return null;
        }

        byte[] key = Convert.FromBase64String(secret[Prefix.Length..]);
        return key.Length is >= MinBytes and <= MaxBytes ? key : null;
    }
}
