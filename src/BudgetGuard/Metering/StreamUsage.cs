using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace BudgetGuard.Metering;

/// <summary>Reads the events of a stream one after the other and remembers, as JSON, what the last of them told of the usage.</summary>
internal sealed class StreamUsage
{
    private static ReadOnlySpan<byte> Done => "[DONE]"u8;

    private readonly AnswerScanner _scanner = new(isEvent: true);
    private byte[] _told = [];
    private int _length;
    private int _done;
    private bool _isRead;

    /// <summary>True once the event was read that ends the stream.</summary>
    public bool IsOver { get; private set; }

    /// <summary>True while an event goes on whose object has not ended.</summary>
    public bool IsInEvent => !_scanner.IsFinished;

    /// <summary>True if the event is no object, so that nothing is read of it.</summary>
    public bool IsNoObject => _scanner is { IsFinished: true, IsComplete: false };

    /// <summary>What the model wrote until now.</summary>
    public GeneratedText Written => _scanner.Written;

    /// <summary>What it wrote after the last event with usage, which cannot have counted it.</summary>
    public GeneratedText WrittenSince { get; private set; }

    /// <summary>True if images or sound came whose usage was not told.</summary>
    public bool HasUncounted { get; private set; }

    /// <summary>Reads the next piece of an event's data; the number of bytes used, after which the event's object has ended.</summary>
    public int Read(ReadOnlySpan<byte> piece)
    {
        if (_done >= 0 && IsDone(piece))
        {
            IsOver = true;
            return piece.Length;
        }

        var before = _scanner.Written;
        var used = _scanner.Read(piece);
        WrittenSince += _scanner.Written - before;
        if (_scanner.IsComplete && !_isRead)
        {
            _isRead = true;
            ReadEvent();
        }

        return used;
    }

    /// <summary>Ends an event, whole or not.</summary>
    public void EndEvent()
    {
        _scanner.Reset();
        _done = 0;
        _isRead = false;
    }

    /// <summary>Ends the stream.</summary>
    public void End() => IsOver = true;

    /// <summary>What the last events told; null if they told none.</summary>
    public TokenUsage? Usage(ImmutableArray<IUsageReader> readers)
    {
        if (_length == 0)
        {
            return null;
        }

        using var told = JsonDocument.Parse(_told.AsMemory(0, _length));
        return UsageReaders.Read(readers, Answer(told.RootElement));
    }

    /// <summary>Gives its memory back.</summary>
    public void Discard()
    {
        _scanner.Discard();
        Keep([]);
        var told = _told;
        _told = [];
        if (told.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(told);
        }
    }

    private static bool HasUsage(JsonElement parent) =>
        UsageFields.Block(parent, "usage", "usageMetadata").ValueKind == JsonValueKind.Object;

    /// <summary>The object that has the usage: the event itself, or the answer inside it.</summary>
    private static JsonElement Answer(JsonElement told)
    {
        if (!HasUsage(told))
        {
            foreach (var name in (ReadOnlySpan<string>)["response", "message", "x_groq", "delta"])
            {
                if (UsageFields.Member(told, name) is var inner && HasUsage(inner))
                {
                    return inner;
                }
            }
        }

        return told;
    }

    /// <summary>True once the data of an event is the mark that ends streams in OpenAI's format.</summary>
    private bool IsDone(ReadOnlySpan<byte> piece)
    {
        foreach (var next in piece)
        {
            if (next != Done[_done])
            {
                // White space before the mark is of no matter.
                if (_done == 0 && next <= (byte)' ')
                {
                    continue;
                }

                _done = -1;
                return false;
            }

            if (++_done == Done.Length)
            {
                return true;
            }
        }

        return false;
    }

    private void ReadEvent()
    {
        var type = _scanner.Type;
        var isDone = EventNames.IsLast(type) || Has("\"done\":true"u8);
        var hasMetrics = _scanner.HasMeta && Has("\"amazon-bedrock-invocationMetrics\":"u8);
        if (_scanner.HasUsage || hasMetrics || (_scanner.HasMeta && Has("\"billed_units\":"u8)) || (isDone && Has("\"eval_count\":"u8)))
        {
            if (hasMetrics || EventNames.TellsPartOfUsage(type))
            {
                Merge();
            }
            else
            {
                Keep(_scanner.KeptBytes);
            }

            WrittenSince = default;
        }

        HasUncounted = _length == 0 && (HasUncounted || EventNames.IsMedia(type));
        IsOver = isDone;
    }

    private bool Has(ReadOnlySpan<byte> member) => _scanner.KeptBytes.IndexOf(member) >= 0;

    private void Keep(ReadOnlySpan<byte> told)
    {
        if (told.Length > _told.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(told.Length);
            if (_told.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_told);
            }

            _told = larger;
        }

        told.CopyTo(_told);
        _length = told.Length;
    }

    /// <summary>Puts what the event tells over what was told before: usage is cumulative, and fields that do not change may be left out or null.</summary>
    private void Merge()
    {
        using var kept = _scanner.Kept();
        using var before = _length == 0 ? null : JsonDocument.Parse(_told.AsMemory(0, _length));
        var merged = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(merged))
        {
            var older = before?.RootElement ?? default;
            var newer = Answer(kept.RootElement);
            writer.WriteStartObject();
            WriteMerged(writer, older, newer, "usage");
            writer.WritePropertyName("usage");
            writer.WriteStartObject();
            WriteMerged(writer, UsageFields.Block(older, "usage"), UsageFields.Block(newer, "usage"), null);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        // A provider that never stops adding fields does not get more memory by it.
        Keep(merged.WrittenCount <= AnswerScanner.MaxBlockBytes * 2 ? merged.WrittenSpan : _scanner.KeptBytes);
    }

    private static void WriteMerged(Utf8JsonWriter writer, JsonElement older, JsonElement newer, string? except)
    {
        if (newer.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in newer.EnumerateObject())
            {
                if (member.Value.ValueKind != JsonValueKind.Null && !member.NameEquals(except))
                {
                    member.WriteTo(writer);
                }
            }
        }

        if (older.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in older.EnumerateObject())
            {
                if (!member.NameEquals(except) && UsageFields.Member(newer, member.Name).ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
                {
                    member.WriteTo(writer);
                }
            }
        }
    }
}
