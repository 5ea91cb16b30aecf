using System.Buffers;
using System.Text;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>
/// Reads a form that carries files, in constant memory: how large it is, and the few short fields that say what it costs. It looks for the heads of parts
/// anywhere, so that it need not follow the boundaries; a head it cannot read leaves the form without a model, and thus without a price.
/// </summary>
internal sealed class FormWindow(ModelApi api, string? modelFromPath) : IBodyWindow
{
    // Speech is rarely recorded in fewer bytes for a second than this: Opus and AMR-WB at 16 kbit/s.
    private const int BytesPerSecond = 2000;

    // Those who transcribe by tokens write fewer for a second than speech has syllables.
    private const int WrittenPerSecond = 10;
    private const int MostHeadBytes = 1024;
    private const int Size = 64 * 1024;
    private const int LongestModel = 256;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private int _filled;
    private long _bytes;
    private string? _model;
    private long _answers = 1;
    private int _images;
    private byte[] _quality = [];
    private byte[] _size = [];
    private bool _isDisposed;

    public Memory<byte> Free => _buffer.AsMemory(_filled);

    private static ReadOnlySpan<byte> Head => "form-data;"u8;

    /// <summary>True if a request of an API is such a form.</summary>
    public static bool IsFor(ModelApi api, HttpRequest request) =>
        api.TakesForms && request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true;

    public ModelRequestError? Take(int count)
    {
        _bytes += count;
        _filled += count;
        var isFinal = count == 0;
        var rest = _buffer.AsSpan(0, _filled);
        while (rest.IndexOf(Head) is >= 0 and var found)
        {
            var head = rest[(found + Head.Length)..];
            if (head.Length < MostHeadBytes && !isFinal)
            {
                Keep(rest[found..]);
                return null;
            }

            if (OnPart(head[..Math.Min(head.Length, MostHeadBytes)]) is { } error)
            {
                return error;
            }

            rest = head;
        }

        Keep(rest[^Math.Min(rest.Length, Head.Length - 1)..]);
        return null;
    }

    public ModelRequest Finish()
    {
        var request = new ModelRequest { Model = modelFromPath ?? _model, Answers = _answers };
        if (api == ModelApis.OpenAIImages)
        {
            return request with { Images = _images, MaxOutputTokens = MediaBound.Image(_quality, _size), TextBytes = Math.Min(_bytes, Size) };
        }

        var seconds = (_bytes + BytesPerSecond - 1) / BytesPerSecond;
        return request with { AudioSeconds = seconds, MaxOutputTokens = seconds * WrittenPerSecond };
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        rest.CopyTo(_buffer);
        _filled = rest.Length;
    }

    private ModelRequestError? OnPart(ReadOnlySpan<byte> head)
    {
        var line = head.IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var lineEnd ? head[..lineEnd] : head;
        var name = NameOf(line);
        if (name.StartsWith("image"u8) || name.SequenceEqual("mask"u8))
        {
            _images++;
            return null;
        }

        var start = head.IndexOf("\r\n\r\n"u8);
        var value = start < 0 ? [] : head[(start + 4)..];
        var end = value.IndexOf("\r\n"u8);
        value = end < 0 ? [] : value[..end];
        if (name.SequenceEqual("model"u8))
        {
            return OnModel(value);
        }

        if (name.SequenceEqual("n"u8))
        {
            if (!JsonText.TryReadCount(value, out var answers) || answers == 0)
            {
                return ModelRequestError.Invalid("'n' must be a whole number above zero.");
            }

            _answers = Math.Max(_answers, answers);
        }
        else if (name.SequenceEqual("quality"u8))
        {
            _quality = value.ToArray();
        }
        else if (name.SequenceEqual("size"u8))
        {
            _size = value.ToArray();
        }

        return null;
    }

    private ModelRequestError? OnModel(ReadOnlySpan<byte> value)
    {
        if (_model is not null)
        {
            return ModelRequestError.Invalid("The field 'model' is there twice.");
        }

        _model = value.Length is > 0 and <= LongestModel && !value.ContainsAnyExceptInRange((byte)'!', (byte)'~') ? Encoding.ASCII.GetString(value) : null;
        return _model is null ? ModelRequestError.Invalid("'model' must be 1 to 256 plain characters.") : null;
    }

    /// <summary>The name that the first line of a part's head gives it; empty if it gives none in the usual way.</summary>
    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> line)
    {
        var start = line.IndexOf(" name="u8);
        if (start < 0)
        {
            return [];
        }

        var name = line[(start + 6)..];
        if (name.StartsWith("\""u8))
        {
            name = name[1..];
            return name.IndexOf((byte)'"') is >= 0 and var quote ? name[..quote] : [];
        }

        return name.IndexOf((byte)';') is >= 0 and var semicolon ? name[..semicolon] : name;
    }
}
