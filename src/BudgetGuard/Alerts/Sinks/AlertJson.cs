using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Writes alerts as JSON: the object that webhooks are sent, and what the bodies of all sinks have in common.</summary>
internal static class AlertJson
{
    private static readonly JsonWriterOptions _options = new()
    {
        // Other alphabets stay readable; what HTML means something by, and half characters, are escaped.
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        SkipValidation = false,
    };

    /// <summary>A body's size when little of it is left out, and when as much is as can be.</summary>
    private static readonly Extent[] _extents = [new(200, 1024, 256), new(50, 1024, 256), new(20, 512, 128), new(10, 256, 64), new(5, 128, 32), new(0, 64, 16)];

    /// <summary>Writes a body that is as large as allowed at most, leaving out as little as it takes.</summary>
    public static byte[] Fit(int maxBytes, Action<Utf8JsonWriter, Extent> write)
    {
        byte[] body = [];
        foreach (Extent extent in _extents)
        {
            body = Write(writer => write(writer, extent));
            if (body.Length <= maxBytes)
            {
                break;
            }
        }

        return body;
    }

    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, _options))
        {
            write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The alert as one object.</summary>
    public static void WriteAlert(Utf8JsonWriter writer, BudgetAlert alert, Extent extent)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, alert.Id);
        writer.WriteString("type"u8, alert.Type);
        writer.WriteString("severity"u8, AlertFacts.Severity(alert.Severity));
        WriteTime(writer, "at"u8, alert.At);
        WriteText(writer, "budget"u8, alert.Budget, extent.Value);
        WritePartition(writer, alert, extent);
        WriteTime(writer, "window_start"u8, alert.WindowStart);
        WriteTime(writer, "resets_at"u8, alert.ResetsAt);
        WriteAmount(writer, "threshold"u8, alert.Threshold);
        WriteAmount(writer, "limit"u8, alert.Limit);
        WriteAmount(writer, "used"u8, alert.Used);
        WriteAmount(writer, "utilization"u8, alert.Utilization);
        WriteIfAny(writer, "forecast"u8, alert.Forecast);
        WriteIfAny(writer, "model"u8, alert.Model, extent.Value);
        WriteIfAny(writer, "operation"u8, alert.Operation, extent.Value);
        WriteText(writer, "message"u8, alert.Message, extent.Text);
        WriteIfAny(writer, "recovers"u8, alert.Recovers, extent.Value);
        writer.WriteString("incident_key"u8, alert.IncidentKey);
        WriteIfAny(writer, "amount"u8, alert.Amount);
        WriteIfAny(writer, "expected"u8, alert.Expected);
        WriteIfAny(writer, "unit"u8, AlertFacts.Unit(alert.Unit), extent.Value);
        WriteItems(writer, alert, extent);
        writer.WriteEndObject();
    }

    private static void WritePartition(Utf8JsonWriter writer, BudgetAlert alert, Extent extent)
    {
        const int MaxValues = 10;
        HashSet<string> written = [];
        writer.WriteStartObject("partition"u8);
        for (int i = 0; i < Math.Min(alert.Partition.Count, MaxValues); i++)
        {
            string name = AlertFacts.PartitionName(alert, i);
            name = AlertText.Data(name is "User" or "Team" or "ApiKey" or "Model" or "Operation" ? JsonNamingPolicy.SnakeCaseLower.ConvertName(name) : name, extent.Value);
            while (!written.Add(name))
            {
                // Of a tag 'api_key' beside ApiKey, receivers would only read one.
                name += "_";
            }

            writer.WritePropertyName(name);
            if (alert.Partition[i] is { } value)
            {
                writer.WriteStringValue(AlertText.Data(value, extent.Value));
            }
            else
            {
                writer.WriteNullValue();
            }
        }

        writer.WriteEndObject();
        if (alert.Partition.Count > MaxValues)
        {
            writer.WriteNumber("partition_omitted"u8, alert.Partition.Count - MaxValues);
        }
    }

    private static void WriteItems(Utf8JsonWriter writer, BudgetAlert alert, Extent extent)
    {
        if (alert.Items.Count == 0)
        {
            return;
        }

        int written = Math.Min(alert.Items.Count, extent.Items);
        writer.WriteStartArray("items"u8);
        for (int i = 0; i < written; i++)
        {
            AlertItem item = alert.Items[i];
            writer.WriteStartObject();
            WriteIfAny(writer, "type"u8, item.Type, extent.Value);
            WriteIfAny(writer, "budget"u8, item.Budget, extent.Value);
            writer.WriteNumber("count"u8, item.Count);
            WriteIfAny(writer, "used"u8, item.Used);
            WriteIfAny(writer, "limit"u8, item.Limit);
            WriteText(writer, "text"u8, item.Text, extent.Value);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (alert.Items.Count > written)
        {
            writer.WriteNumber("items_omitted"u8, alert.Items.Count - written);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? text, int max)
    {
        if (text is null)
        {
            writer.WriteNull(name);
        }
        else
        {
            writer.WriteString(name, AlertText.Data(text, max));
        }
    }

    private static void WriteIfAny(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? text, int max)
    {
        if (text is not null)
        {
            writer.WriteString(name, AlertText.Data(text, max));
        }
    }

    private static void WriteAmount(Utf8JsonWriter writer, ReadOnlySpan<byte> name, decimal? amount)
    {
        if (amount is { } value)
        {
            writer.WriteNumber(name, AlertFacts.Plain(value));
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter writer, ReadOnlySpan<byte> name, decimal? amount)
    {
        if (amount is { } value)
        {
            writer.WriteNumber(name, AlertFacts.Plain(value));
        }
    }

    /// <summary>In UTC with a Z: what every receiver can read.</summary>
    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } value)
        {
            writer.WriteString(name, value.UtcDateTime);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    /// <summary>How much of an alert is written: items, characters of a sentence, characters of a value.</summary>
    internal readonly record struct Extent(int Items, int Text, int Value);
}
