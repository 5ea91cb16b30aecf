using System.Buffers;
using System.Text.Json;

namespace BudgetGuard.Estimation;

/// <summary>Writes into the body of a request that it wants the usage of the stream that answers it (OpenAI's <c>stream_options.include_usage</c>).</summary>
internal static class StreamUsageRequest
{
    /// <summary>How much of a body is looked at for where its object begins.</summary>
    public const int StartBytes = 64;

    private static ReadOnlySpan<byte> Wanted => "\"stream_options\":{\"include_usage\":true},"u8;

    /// <summary>For a body without options: what it begins with now, and how many of its bytes that replaces. Returns how much longer it becomes; 0 where it cannot be told.</summary>
    public static int TryBegin(ReadOnlySpan<byte> start, out byte[] beginning, out int replaced)
    {
        beginning = [];
        replaced = 0;
        int brace = start.IndexOf((byte)'{');
        if (brace < 0)
        {
            return 0;
        }

        replaced = brace + 1;
        beginning = [.. start[..replaced], .. Wanted];
        return Wanted.Length;
    }

    /// <summary>For a body with options: the same body with usage among them; false if it asks for it already.</summary>
    public static bool TryRewrite(ReadOnlySpan<byte> body, out byte[] rewritten)
    {
        rewritten = [];
        int offset = body.StartsWith("\uFEFF"u8) ? 3 : 0;
        var json = new Utf8JsonReader(body[offset..]);
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1 || !json.ValueTextEquals("stream_options"u8))
            {
                continue;
            }

            json.Read();
            int start = offset + (int)json.TokenStartIndex;
            json.Skip();
            int end = offset + (int)json.BytesConsumed;
            if (!TryAdd(body[start..end], out byte[] options))
            {
                return false;
            }

            rewritten = [.. body[..start], .. options, .. body[end..]];
            return true;
        }

        return false;
    }

    private static bool TryAdd(ReadOnlySpan<byte> given, out byte[] options)
    {
        options = [];
        var json = new Utf8JsonReader(given);
        using JsonDocument parsed = JsonDocument.ParseValue(ref json);
        JsonElement old = parsed.RootElement;

        // What is neither an object nor nothing is for the provider to refuse.
        if (old.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null)
            || (old.ValueKind == JsonValueKind.Object && old.TryGetProperty("include_usage", out JsonElement asked) && asked.ValueKind == JsonValueKind.True))
        {
            return false;
        }

        var bytes = new ArrayBufferWriter<byte>(given.Length + 32);
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("include_usage", true);
            if (old.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty member in old.EnumerateObject())
                {
                    if (!member.NameEquals("include_usage"))
                    {
                        member.WriteTo(writer);
                    }
                }
            }

            writer.WriteEndObject();
        }

        options = bytes.WrittenSpan.ToArray();
        return true;
    }
}
