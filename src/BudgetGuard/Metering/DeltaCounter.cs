using System.Runtime.CompilerServices;

namespace BudgetGuard.Metering;

/// <summary>
/// Passes over a JSON object or array of a stream's event, as <see cref="BlockSkipper"/> does, and counts what the model wrote in it: text, thoughts, and the
/// arguments of tools. It goes by the names of members, so that no vendor's format has to be known; what a vendor repeats elsewhere in the event is left out.
/// </summary>
internal struct DeltaCounter
{
    private TextSkipper _text;
    private KeyBytes _key;
    private int _keyLength;
    private int _depth;
    private int _spanDepth;
    private byte _last;
    private bool _isValue;
    private bool _isUndecided;
    private Kind _kind;

    private enum Kind : byte
    {
        Other,

        /// <summary>Text where the value is a string.</summary>
        Text,

        /// <summary>All of the value, whatever it is.</summary>
        Whole,

        /// <summary>Sound or an image, in base64.</summary>
        Media,

        /// <summary>Nothing of the value.</summary>
        Repeated,
    }

    /// <summary>True until the block has ended.</summary>
    public readonly bool IsOpen => _depth > 0;

    /// <summary>Begins after the bracket that opens a block.</summary>
    public static DeltaCounter Opened() => new() { _depth = 1 };

    /// <summary>Passes over the block's bytes in a piece; the number of them.</summary>
    public int Skip(ReadOnlySpan<byte> piece, ref GeneratedText written)
    {
        var at = 0;
        while (at < piece.Length && _depth > 0)
        {
            if (_text.IsOpen)
            {
                at += SkipText(piece[at..], ref written);
                continue;
            }

            var next = piece[at++];
            if (next > (byte)' ')
            {
                Between(next, ref written);
            }
        }

        return at;
    }

    /// <summary>As much text as has the tokens of so much base64, a token for 64 bytes: images are told to have fewer, and all but the thinnest sound.</summary>
    private static long MediaText(long length) => length * 3 / 64;

    private readonly bool IsInside(Kind kind) => _spanDepth > 0 && _kind == kind;

    private int SkipText(ReadOnlySpan<byte> piece, ref GeneratedText written)
    {
        var before = _text.Length;
        var used = _text.Skip(piece);
        var isCounted = IsInside(Kind.Whole) || (_isValue && _kind is Kind.Text or Kind.Whole);
        if (isCounted)
        {
            written += new GeneratedText(_text.Length - before, _text is { IsOpen: false, Length: > 0 } ? 1 : 0);
        }
        else if (_isValue && _kind == Kind.Media)
        {
            written += new GeneratedText(MediaText(_text.Length) - MediaText(before), _text.IsOpen ? 0 : 1);
        }

        if (!_isValue)
        {
            Remember(piece[..(_text.IsOpen ? used : used - 1)]);
            _isUndecided = !_text.IsOpen;
        }

        return used;
    }

    private void Between(byte next, ref GeneratedText written)
    {
        if (_isUndecided)
        {
            _isUndecided = false;
            Decide(next == (byte)':', ref written);
        }

        switch (next)
        {
            case (byte)'"':
                _isValue = _last == (byte)':';
                _text = TextSkipper.Opened();
                _keyLength = 0;
                break;
            case (byte)'{' or (byte)'[':
                _depth++;
                if (_spanDepth == 0 && _last == (byte)':' && _kind is Kind.Whole or Kind.Repeated)
                {
                    _spanDepth = _depth;
                }

                break;
            case (byte)'}' or (byte)']':
                _depth--;
                break;
        }

        if (IsInside(Kind.Whole))
        {
            written += new GeneratedText(1, 0);
        }

        if (_depth < _spanDepth)
        {
            _spanDepth = 0;
            _kind = Kind.Other;
        }

        _last = next;
    }

    /// <summary>Says of a string that did not follow a colon what it was: the name of a member, or an element of an array.</summary>
    private void Decide(bool isKey, ref GeneratedText written)
    {
        if (_spanDepth > 0)
        {
            return;
        }

        if (isKey)
        {
            _kind = _keyLength <= KeyBytes.Size ? KindOf(_key[.._keyLength]) : Kind.Other;
        }
        else if (_kind == Kind.Text && _text.Length > 0)
        {
            written += new GeneratedText(_text.Length, 1);
        }
    }

    private void Remember(ReadOnlySpan<byte> part)
    {
        if (_keyLength + part.Length <= KeyBytes.Size)
        {
            part.CopyTo(_key[_keyLength..]);
        }

        _keyLength = Math.Min(KeyBytes.Size + 1, _keyLength + part.Length);
    }

    private static Kind KindOf(ReadOnlySpan<byte> key) => key switch
    {
        _ when key.SequenceEqual("content"u8) || key.SequenceEqual("text"u8) || key.SequenceEqual("reasoning"u8) || key.SequenceEqual("reasoning_content"u8)
            || key.SequenceEqual("thinking"u8) || key.SequenceEqual("refusal"u8) || key.SequenceEqual("name"u8) || key.SequenceEqual("code"u8)
            || key.SequenceEqual("transcript"u8) || key.SequenceEqual("tool_plan"u8) => Kind.Text,
        _ when key.SequenceEqual("arguments"u8) || key.SequenceEqual("args"u8) || key.SequenceEqual("partial_json"u8) || key.SequenceEqual("input"u8) => Kind.Whole,
        _ when key.SequenceEqual("data"u8) => Kind.Media,
        _ when key.SequenceEqual("message"u8) || key.SequenceEqual("reasoning_details"u8) || key.SequenceEqual("annotations"u8)
            || key.SequenceEqual("groundingMetadata"u8) || key.SequenceEqual("provider_specific_fields"u8) => Kind.Repeated,
        _ => Kind.Other,
    };

    [InlineArray(Size)]
    private struct KeyBytes
    {
        public const int Size = 24;
        private byte _first;
    }
}
