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

    /// <summary>True for an event, with its line ends, that is such a chunk.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes)
    {
        var line = bytes.TrimEnd("\r\n"u8);
        return line.StartsWith("data:"u8) && line.IndexOf((byte)'\n') < 0 && MayBeIn(line) && IsUsageOnly(line[5..]);
    }

    private static bool IsUsageOnly(ReadOnlySpan<byte> data)
    {
        try
        {
            var json = new Utf8JsonReader(data);
            bool hasUsage = false;
            bool hasNoChoices = false;
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1)
                {
                    continue;
                }

                bool isChoices = json.ValueTextEquals("choices"u8);
                bool isUsage = json.ValueTextEquals("usage"u8);
                json.Read();
                hasUsage |= isUsage && json.TokenType == JsonTokenType.StartObject;
                hasNoChoices |= isChoices && json.TokenType == JsonTokenType.StartArray && json.Read() && json.TokenType == JsonTokenType.EndArray;
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
}
