using System.Buffers;
using System.Text;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace BudgetGuard.Estimation;

/// <summary>
/// Reads a form that carries files, in constant memory: how large it is, and the few short fields that say what it costs. It follows the boundaries, and
/// what another server may read in another way is refused.
/// </summary>
internal sealed class FormWindow : IBodyWindow
{
    // Speech is rarely recorded in fewer bytes for a second than this: Opus and AMR-WB at 16 kbit/s.
    private const int BytesPerSecond = 2000;

    // Where no answer will put it right: what can be understood at all, of the narrowest codecs in use.
    private const int FewestBytesPerSecond = 500;

    // Those who transcribe by tokens write fewer for a second than speech has syllables.
    private const int WrittenPerSecond = 10;
    private const int MostHeadBytes = 8 * 1024;
    private const int LongestBoundary = 128;
    private const int Size = 64 * 1024;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private readonly ModelApi _api;
    private readonly string? _modelFromPath;

    // What a boundary begins with, besides the end of the line before it; null without a boundary that can be read.
    private readonly byte[]? _marker;
    private readonly FormFields _fields = new();
    private int _filled;
    private long _bytes;
    private Place _place;
    private bool _isDisposed;

    /// <param name="api">The API.</param>
    /// <param name="contentType">The type of the body, which names the boundary.</param>
    /// <param name="modelFromPath">The model in the path.</param>
    public FormWindow(ModelApi api, string? contentType, string? modelFromPath)
    {
        _api = api;
        _modelFromPath = modelFromPath;
        _marker = MarkerOf(contentType);

        // As if a line had ended before the form, every boundary stands behind the end of one.
        EndOfLine.CopyTo(_buffer);
        _filled = EndOfLine.Length;
    }

    private enum Place : byte
    {
        Boundary,
        Head,
        BodyStart,
        Body,
        End,
    }

    public Memory<byte> Free => _buffer.AsMemory(_filled);

    private static ReadOnlySpan<byte> EndOfLine => "\r\n"u8;

    private static ModelRequestError Unreadable => ModelRequestError.Invalid("The form could not be read.");

    /// <summary>True if a request of an API is such a form.</summary>
    public static bool IsFor(ModelApi api, HttpRequest request) =>
        api.TakesForms && request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true;

    public ModelRequestError? Take(int count)
    {
        if (_marker is null)
        {
            return ModelRequestError.Invalid("The type of the form names no boundary.");
        }

        _bytes += count;
        _filled += count;
        var rest = _buffer.AsSpan(0, _filled);
        while (true)
        {
            var used = Step(rest, out var error);
            if (error is not null)
            {
                return error;
            }

            rest = rest[used..];
            if (used == 0)
            {
                rest.CopyTo(_buffer);
                _filled = rest.Length;
                return count > 0 || _place == Place.End ? null : ModelRequestError.Invalid("The form broke off.");
            }
        }
    }

    public ModelRequest Finish()
    {
        var request = new ModelRequest { Model = _modelFromPath ?? _fields.Model, Answers = _fields.Answers };
        if (_api == ModelApis.OpenAIImages)
        {
            return request with { Images = _fields.Images, MaxOutputTokens = MediaBound.Image(_fields.Quality, _fields.Size), TextBytes = Math.Min(_bytes, Size) };
        }

        long bytesPerSecond = _fields.TellsUsage ? BytesPerSecond : FewestBytesPerSecond;
        var seconds = (_bytes + bytesPerSecond - 1) / bytesPerSecond;
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

    private static byte[]? MarkerOf(string? contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string? boundary = null;
        foreach (var parameter in type.Parameters)
        {
            if (parameter.Name.StartsWith("boundary", StringComparison.OrdinalIgnoreCase))
            {
                // Also boundary*, which some read as another spelling.
                if (boundary is not null || parameter.Name.Length != "boundary".Length)
                {
                    return null;
                }

                boundary = HeaderUtilities.RemoveQuotes(parameter.Value).ToString();
            }
        }

        return boundary is { Length: > 0 and <= LongestBoundary } && !boundary.AsSpan().ContainsAnyExceptInRange('!', '~') && !boundary.AsSpan().ContainsAny('"', '\\')
            ? Encoding.ASCII.GetBytes("--" + boundary)
            : null;
    }

    /// <summary>Reads on; the number of bytes that are done with, or 0 if more must come first.</summary>
    private int Step(ReadOnlySpan<byte> rest, out ModelRequestError? error)
    {
        error = null;
        switch (_place)
        {
            case Place.Boundary:
                return OnBoundary(rest, out error);
            case Place.Head:
                return OnHead(rest, out error);
            case Place.BodyStart or Place.Body:
                return OnBody(rest, out error);
            default:
                error = rest.ContainsAnyExcept(EndOfLine) ? Unreadable : null;
                return rest.Length;
        }
    }

    private int OnBoundary(ReadOnlySpan<byte> rest, out ModelRequestError? error)
    {
        error = null;
        var length = EndOfLine.Length + _marker!.Length;
        if (rest.Length < length + 2)
        {
            return 0;
        }

        var after = rest.Slice(length, 2);
        _place = after.SequenceEqual("--"u8) ? Place.End : Place.Head;
        error = rest.StartsWith(EndOfLine) && rest[EndOfLine.Length..].StartsWith(_marker) && (_place == Place.End || after.SequenceEqual(EndOfLine)) ? null : Unreadable;
        return length + 2;
    }

    private int OnHead(ReadOnlySpan<byte> rest, out ModelRequestError? error)
    {
        error = null;
        var end = rest.IndexOf("\r\n\r\n"u8);
        if (end is < 0 or > MostHeadBytes)
        {
            error = end >= 0 || rest.Length > MostHeadBytes ? Unreadable : null;
            return 0;
        }

        // The end of the last line stays: a boundary may stand right behind it.
        _place = Place.BodyStart;
        error = FormPart.TryRead(rest[..end], out var name, out var isFile) ? _fields.Begin(name, isFile) : Unreadable;
        return end + EndOfLine.Length;
    }

    private int OnBody(ReadOnlySpan<byte> rest, out ModelRequestError? error)
    {
        error = null;
        var begin = _place == Place.BodyStart ? EndOfLine.Length : 0;
        for (var from = EndOfLine.Length; from < rest.Length && rest[from..].IndexOf(_marker) is >= 0 and var found; from += found + 1)
        {
            var at = from + found;
            var isLine = rest[at - 2] == (byte)'\r' && rest[at - 1] == (byte)'\n';
            if (isLine && at - EndOfLine.Length >= begin)
            {
                _fields.Add(rest[begin..(at - EndOfLine.Length)]);
                _place = Place.Boundary;
                error = _fields.End();
                return at - EndOfLine.Length;
            }

            // Half an end of a line, or that of the head, is enough for some.
            if (isLine || rest[at - 1] is (byte)'\r' or (byte)'\n')
            {
                error = Unreadable;
                return 0;
            }
        }

        var done = rest.Length - EndOfLine.Length - _marker!.Length + 1;
        if (done <= begin)
        {
            return 0;
        }

        _fields.Add(rest[begin..done]);
        _place = Place.Body;
        return done;
    }
}
