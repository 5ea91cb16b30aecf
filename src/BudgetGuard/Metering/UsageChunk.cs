using System.Text.Json;

namespace BudgetGuard.Metering;

/// <summary>Tells the extra chunk of a stream that has no answer in it and only the usage, as <c>stream_options.include_usage</c> asks for it.</summary>
internal static class UsageChunk
{
    /// <summary>True if a usage block begins in these bytes; it may be a part of the model's text too.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf("\"usage\""u8) is >= 0 and var at)
        {
            bytes = bytes[(at + 7)..];
            var value = bytes.TrimStart(" \t:"u8);

            // Cut off behind the name: it may be one.
            if (value.IsEmpty || value[0] == (byte)'{')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True for an event, with its line ends, that is such a chunk: one line of data, and perhaps a name, a number or a comment.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes)
    {
        if (!MayBeIn(bytes))
        {
            return false;
        }

        ReadOnlySpan<byte> data = default;
        foreach (Range range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range].TrimEnd((byte)'\r');
            if (!line.StartsWith("data:"u8))
            {
                continue;
            }

            if (!data.IsEmpty)
            {
                return false;
            }

            data = line[5..];
        }

        return IsUsageOnly(data);
    }

    private static bool IsUsageOnly(ReadOnlySpan<byte> data)
    {
        try
        {
            var json = new Utf8JsonReader(data);
            var hasUsage = false;
            var hasNoChoices = false;
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1)
                {
                    continue;
                }

                var isChoices = json.ValueTextEquals("choices"u8);
                var isUsage = json.ValueTextEquals("usage"u8);
                var isKnown = isChoices || isUsage || IsPlain(ref json);
                json.Read();
                hasUsage |= isUsage && json.TokenType == JsonTokenType.StartObject;
                hasNoChoices |= isChoices && json.TokenType == JsonTokenType.StartArray && json.Read() && json.TokenType == JsonTokenType.EndArray;
                if (!isKnown && json.TokenType != JsonTokenType.Null)
                {
                    // It tells something else too.
                    return false;
                }

                json.TrySkip();
            }

            return hasUsage && hasNoChoices;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // What is no JSON, or no UTF-8, is not the chunk that was asked for.
            return false;
        }
    }

    /// <summary>True for what every chunk of an answer says.</summary>
    private static bool IsPlain(ref Utf8JsonReader json) =>
        json.ValueTextEquals("id"u8) || json.ValueTextEquals("object"u8) || json.ValueTextEquals("created"u8) || json.ValueTextEquals("model"u8)
        || json.ValueTextEquals("system_fingerprint"u8) || json.ValueTextEquals("service_tier"u8) || json.ValueTextEquals("provider"u8)
        || json.ValueTextEquals("obfuscation"u8);
}
