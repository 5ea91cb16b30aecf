using System.Buffers;
using System.Text.Json;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads one JSON answer as it passes, in pieces of any size and in constant memory. It follows strings and nesting, so that what the model wrote
/// can never be taken for the provider's own words, and keeps of the top-level object only the short plain values and the usage blocks.
/// </summary>
internal sealed class AnswerScanner
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
    private BlockSkipper _block;
    private bool _keep;
    private bool _inString;
    private bool _escaped;
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

    /// <summary>True when nothing that follows can matter.</summary>
    public bool IsFinished => _state >= State.Complete;

    /// <summary>Reads the next piece; true once the top-level object was closed.</summary>
    public bool Feed(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty && !IsFinished)
        {
            piece = piece[Step(piece)..];
        }

        return IsComplete;
    }

    /// <summary>What was kept of a complete object; the document is dead once <see cref="Discard"/> was called.</summary>
    public JsonDocument Kept() => JsonDocument.Parse(_kept.AsMemory(0, _length));

    /// <summary>Gives its memory back; nothing that follows is read.</summary>
    public void Discard()
    {
        _state = State.NoObject;
        var kept = _kept;
        _kept = [];
        _length = 0;
        if (kept.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(kept);
        }
    }

    private int Step(ReadOnlySpan<byte> piece)
    {
        switch (_state)
        {
            case State.Key:
                return Take(piece, SkipText(piece), _key, MaxKeyBytes, _inString ? State.Key : State.BeforeColon);
            case State.Text:
                return Take(piece, SkipText(piece), _value, MaxTextBytes, _inString ? State.Text : State.AfterValue);
            case State.Scalar:
                var end = piece.IndexOfAny(ScalarEnd);
                return Take(piece, end < 0 ? piece.Length : end, _value, MaxTextBytes, end < 0 ? State.Scalar : State.AfterValue);
            case State.Block:
                var used = _block.Skip(piece);
                return Take(piece, used, _value, MaxBlockBytes, _block.IsOpen ? State.Block : State.AfterValue);
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
                _kept = ArrayPool<byte>.Shared.Rent(1024);
                _kept[_length++] = next;
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
                _state = State.Complete;
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
        if (_length > 1)
        {
            Append(","u8);
        }

        _key = _length;
        Append("\""u8);
        _inString = true;
        _state = State.Key;
    }

    private int StartValue(byte first)
    {
        switch (first)
        {
            case (byte)'"':
                _state = State.Text;
                _inString = true;
                break;
            case (byte)'{' or (byte)'[':
                _state = State.Block;
                _block = BlockSkipper.Opened();
                if (_keep && !(first == '{' && IsUsage(_kept.AsSpan(_key + 1, _length - _key - 3))))
                {
                    Drop();
                }

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

    /// <summary>The objects that tell what a call used, and the one that tells why it used nothing.</summary>
    private static bool IsUsage(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("usage"u8) || key.SequenceEqual("usageMetadata"u8) || key.SequenceEqual("tool_usage"u8)
        || key.SequenceEqual("serviceTier"u8) || key.SequenceEqual("error"u8);

    /// <summary>Passes over the used bytes and keeps them while the member they belong to is small.</summary>
    private int Take(ReadOnlySpan<byte> piece, int used, int start, int limit, State next)
    {
        if (_keep)
        {
            var plain = _state is State.Text or State.Scalar;
            if (_length - start + used > limit || _length + used > MaxKeptBytes || (plain && _plainBytes + _length - _member + used > MaxPlainBytes))
            {
                Drop();
            }
            else
            {
                Append(piece[..used]);
                if (plain && next == State.AfterValue)
                {
                    _plainBytes += _length - _member;
                }
            }
        }

        _state = next;
        return used;
    }

    private void Drop()
    {
        _keep = false;
        _length = _member;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (!_keep)
        {
            return;
        }

        if (_length + bytes.Length > _kept.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_kept.Length * 2, _length + bytes.Length));
            _kept.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_kept);
            _kept = larger;
        }

        bytes.CopyTo(_kept.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Passes over the rest of a string; it has ended when <see cref="_inString"/> is false.</summary>
    private int SkipText(ReadOnlySpan<byte> piece)
    {
        var at = 0;
        if (_escaped)
        {
            _escaped = false;
            at = 1;
        }

        while (true)
        {
            var hit = piece[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (hit < 0)
            {
                return piece.Length;
            }

            at += hit + 1;
            if (piece[at - 1] == (byte)'"')
            {
                _inString = false;
                return at;
            }

            if (at == piece.Length)
            {
                _escaped = true;
                return at;
            }

            at++;
        }
    }
}
