using System.Buffers;

namespace BudgetGuard.Estimation;

/// <summary>
/// What is read of a body at a time: a buffer that never grows. A string longer than it is read in parts, so that a body of one long string, or a small
/// compressed one that becomes it, takes no more memory than any other.
/// </summary>
internal sealed class BodyWindow(ModelRequestReader reader, int size) : IBodyWindow
{
    /// <summary>The size for bodies that are not held whole.</summary>
    public const int Usual = 64 * 1024;

    private static readonly SearchValues<byte> Separators = SearchValues.Create(" \t\r\n,"u8);

    // One byte more than is ever filled: for the quote that closes the first part of a long string.
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(size + 1);
    private int _filled;
    private bool _isInString;

    public Memory<byte> Free => _buffer.AsMemory(_filled, _buffer.Length - 1 - _filled);

    public ModelRequestError? Take(int count)
    {
        _filled += count;
        var isFinal = count == 0;
        if (_isInString)
        {
            if (ContinueString() is { } broken)
            {
                return broken;
            }

            if (_isInString)
            {
                return isFinal ? ModelRequestError.NoJson : null;
            }
        }

        if (reader.Feed(_buffer.AsSpan(0, _filled), isFinal, out var consumed) is { } error)
        {
            return error;
        }

        Drop(0, consumed);
        return isFinal || !Free.IsEmpty ? null : MakeRoom();
    }

    public ModelRequest Finish() => reader.Finish();

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    /// <summary>The buffer is full and the parser takes nothing of it: space goes, a long string begins to be read in parts, all else is absurd.</summary>
    private ModelRequestError? MakeRoom()
    {
        var start = _buffer.AsSpan(0, _filled).IndexOfAnyExcept(Separators);
        start = start < 0 ? _filled : start;
        if (start > 1)
        {
            var comma = _buffer[0] == ',' ? 1 : 0;
            Drop(comma, start - comma);
            return null;
        }

        if (_buffer[start] != '"')
        {
            return ModelRequestError.Invalid("A number is longer than the guard reads.");
        }

        var part = JsonText.WholePart(_buffer.AsSpan(start + 1, _filled - start - 1), out var isClosed);
        if (part < 0)
        {
            return ModelRequestError.NoJson;
        }

        // The parser takes a part that looks like a whole value, but a name only with the colon behind it.
        var end = start + 1 + part;
        var next = _buffer[end];
        _buffer[end] = (byte)'"';
        var error = reader.Feed(_buffer.AsSpan(0, end + 1), isFinal: false, out var consumed);
        _buffer[end] = next;
        if (error is null && (isClosed || consumed <= end))
        {
            error = ModelRequestError.Invalid("A name is longer than the guard reads.");
        }

        Drop(0, end);
        _isInString = true;
        return error;
    }

    private ModelRequestError? ContinueString()
    {
        var part = JsonText.WholePart(_buffer.AsSpan(0, _filled), out var isClosed);
        if (part < 0)
        {
            return ModelRequestError.NoJson;
        }

        reader.FeedMore(_buffer.AsSpan(0, part));
        Drop(0, isClosed ? part + 1 : part);
        _isInString = !isClosed;
        return null;
    }

    private void Drop(int at, int count)
    {
        _buffer.AsSpan(at + count, _filled - at - count).CopyTo(_buffer.AsSpan(at));
        _filled -= count;
    }
}
