using System.Buffers;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads one JSON answer as it passes, in pieces of any size and in constant memory. It follows strings and nesting, so that what the model wrote
/// can never be taken for the provider's own words, and keeps of the top-level object only the short plain values and the usage blocks.
/// </summary>
/// <remarks>
/// Of an event of a stream it also keeps the same of the object that some formats put around the answer (<c>response</c>, <c>message</c>, <c>x_groq</c>),
/// and counts what the model wrote.
/// </remarks>
internal sealed partial class AnswerScanner(bool isEvent = false)
{
    public const int MaxBlockBytes = 64 * 1024;
    private const int MaxKeyBytes = 128;
    private const int MaxTextBytes = 1024;
    private const int MaxPlainBytes = 16 * 1024;
    private const int MaxKeptBytes = 3 * MaxBlockBytes;

    private static readonly SearchValues<byte> Whitespace = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> ScalarEnd = SearchValues.Create(",}] \t\r\n"u8);

    private byte[] _kept = [];
    private int _length;
    private int _member;
    private int _key;
    private int _value;
    private int _plainBytes;
    private int _typeStart;
    private int _typeEnd;
    private int _depth;
    private TextSkipper _text;
    private BlockSkipper _block;
    private DeltaCounter _counter;
    private GeneratedText _written;
    private bool _keep;
    private bool _counts;
    private State _state;

    private enum State : byte
    {
        Start,
        BeforeKey,
        Key,
        BeforeColon,
        BeforeValue,
        Text,
        Scalar,
        Block,
        AfterValue,
        Complete,
        NoObject,
    }

    /// <summary>True once the top-level object was closed.</summary>
    public bool IsComplete => _state == State.Complete;

    /// <summary>True if the body is a JSON array.</summary>
    public bool IsArray { get; private set; }

    /// <summary>True if a usage block was kept.</summary>
    public bool HasUsage { get; private set; }

    /// <summary>True if a block was kept that may have counts besides those of a usage block, or in its place.</summary>
    public bool HasMeta { get; private set; }

    /// <summary>What the model wrote in all the events until now.</summary>
    public GeneratedText Written => _written;

    /// <summary>The <c>type</c> of a complete object with its quotes; empty if it has none.</summary>
    public ReadOnlySpan<byte> Type => _kept.AsSpan(_typeStart, _typeEnd - _typeStart);

    /// <summary>What was kept, as JSON.</summary>
    public ReadOnlySpan<byte> KeptBytes => _kept.AsSpan(0, _length);

    /// <summary>True when nothing that follows can matter.</summary>
    public bool IsFinished => _state >= State.Complete;

    /// <summary>Reads the next piece; true once the top-level object was closed.</summary>
    public bool Feed(ReadOnlySpan<byte> piece)
    {
        Read(piece);
        return IsComplete;
    }

    /// <summary>Reads the next piece until the object ends; the number of bytes used.</summary>
    public int Read(ReadOnlySpan<byte> piece)
    {
        var at = 0;
        while (at < piece.Length && !IsFinished)
        {
            at += Step(piece[at..]);
        }

        return at;
    }

    private int Step(ReadOnlySpan<byte> piece)
    {
        switch (_state)
        {
            case State.Key:
                return Take(piece, _text.Skip(piece), _key, MaxKeyBytes, _text.IsOpen ? State.Key : State.BeforeColon);
            case State.Text:
                return Take(piece, SkipText(piece), _value, MaxTextBytes, _text.IsOpen ? State.Text : State.AfterValue);
            case State.Scalar:
                var end = piece.IndexOfAny(ScalarEnd);
                return Take(piece, end < 0 ? piece.Length : end, _value, MaxTextBytes, end < 0 ? State.Scalar : State.AfterValue);
            case State.Block:
                var used = _counts ? _counter.Skip(piece, ref _written) : _block.Skip(piece);
                return Take(piece, used, _value, MaxBlockBytes, (_counts ? _counter.IsOpen : _block.IsOpen) ? State.Block : State.AfterValue);
            default:
                var first = piece[0] > (byte)' ' ? 0 : piece.IndexOfAnyExcept(Whitespace);
                if (first < 0)
                {
                    return piece.Length;
                }

                return first + Between(piece[first]);
        }
    }

    /// <summary>Handles one byte between values; the number of bytes used.</summary>
    private int Between(byte next)
    {
        switch (_state, next)
        {
            // A byte order mark is not JSON, but every client takes it.
            case (State.Start, 0xEF or 0xBB or 0xBF):
                return 1;
            case (State.Start, (byte)'{'):
                _keep = true;
                Append("{"u8);
                _state = State.BeforeKey;
                return 1;
            case (State.Start, (byte)'['):
                IsArray = true;
                _state = State.NoObject;
                return 1;
            case (State.BeforeKey, (byte)'"'):
                StartMember();
                return 1;
            case (State.BeforeColon, (byte)':'):
                Append(":"u8);
                _state = State.BeforeValue;
                return 1;
            case (State.BeforeValue, _):
                return StartValue(next);
            case (State.AfterValue, (byte)','):
                _state = State.BeforeKey;
                return 1;
            case (State.AfterValue or State.BeforeKey, (byte)'}'):
                _keep = true;
                Append("}"u8);
                _state = _depth-- > 0 ? State.AfterValue : State.Complete;
                return 1;
            default:
                _state = State.NoObject;
                return 1;
        }
    }

    private void StartMember()
    {
        _keep = true;
        _member = _length;
        if (_kept[_length - 1] != (byte)'{')
        {
            Append(","u8);
        }

        _key = _length;
        Append("\""u8);
        _text = TextSkipper.Opened();
        _state = State.Key;
    }

    private int StartValue(byte first)
    {
        // Of a key that is too long nothing is left.
        var key = _keep ? _kept.AsSpan(_key + 1, _length - _key - 3) : [];
        switch (first)
        {
            case (byte)'"':
                _state = State.Text;
                _text = TextSkipper.Opened();
                _counts = isEvent && (EventNames.IsText(key) || IsCohereText(key));
                break;
            case (byte)'{' when isEvent && _depth == 0 && EventNames.IsAnswer(key):
                _depth++;
                _state = State.BeforeKey;
                Append("{"u8);
                return 1;
            case (byte)'{' or (byte)'[':
                StartBlock(first, key);
                break;
            default:
                _state = State.Scalar;
                _value = _length;
                return 0;
        }

        _value = _length;
        Append([first]);
        return 1;
    }

    private void StartBlock(byte first, ReadOnlySpan<byte> key)
    {
        _state = State.Block;
        _counts = isEvent && EventNames.IsBlock(key);
        _counter = DeltaCounter.Opened();
        _block = BlockSkipper.Opened();
        if (first == '{' && IsUsage(key))
        {
            HasUsage |= key[0] == (byte)'u';
        }
        else if (first == '{' && IsMeta(key))
        {
            HasMeta = true;
        }
        else if (first == '[' && key.SequenceEqual("results"u8))
        {
            // Titan counts in it what it wrote; with more text in it than a block may have it goes the way of all others.
            HasMeta = true;
        }
        else if (_keep)
        {
            Drop();
        }
    }

    private int SkipText(ReadOnlySpan<byte> piece)
    {
        var before = _text.Length;
        var used = _text.Skip(piece);
        if (_counts)
        {
            _written += new GeneratedText(_text.Length - before, _text is { IsOpen: false, Length: > 0 } ? 1 : 0);
        }

        return used;
    }

    /// <summary>The text of Cohere's older events, whose name other formats have for a repetition of the whole.</summary>
    private bool IsCohereText(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("text"u8) && KeptBytes.IndexOf("\"event_type\":\"text-generation\""u8) >= 0;

    /// <summary>Where Cohere and Bedrock tell it: in blocks that may be there for other reasons.</summary>
    private bool IsMeta(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("meta"u8) || key.SequenceEqual("amazon-bedrock-invocationMetrics"u8)
        || (isEvent && key.SequenceEqual("delta"u8) && EventNames.IsEndOfMessage(Type));

    /// <summary>The objects that tell what a call used, and the one that tells why it used nothing.</summary>
    private static bool IsUsage(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("usage"u8) || key.SequenceEqual("usageMetadata"u8) || key.SequenceEqual("tool_usage"u8)
        || key.SequenceEqual("serviceTier"u8) || key.SequenceEqual("error"u8);
}
