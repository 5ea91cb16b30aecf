using System.Buffers;
using System.Text.Json;

namespace BudgetGuard.Metering;

/// <summary>What is kept of the object, and the memory it is kept in.</summary>
internal sealed partial class AnswerScanner
{
    /// <summary>Begins anew with the next object.</summary>
    public void Reset()
    {
        _state = State.Start;
        _length = 0;
        _plainBytes = 0;
        _typeStart = _typeEnd = 0;
        _depth = 0;
        IsArray = HasUsage = HasMeta = false;
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
        _typeStart = _typeEnd = 0;
        if (kept.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(kept);
        }
    }

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
                    MarkType();
                }
            }
        }

        _state = next;
        return used;
    }

    private void MarkType()
    {
        if (_depth == 0 && _kept.AsSpan(_key, _value - _key).SequenceEqual("\"type\":"u8))
        {
            (_typeStart, _typeEnd) = (_value, _length);
        }
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
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(1024, Math.Max(_kept.Length * 2, _length + bytes.Length)));
            _kept.AsSpan(0, _length).CopyTo(larger);
            if (_kept.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_kept);
            }

            _kept = larger;
        }

        bytes.CopyTo(_kept.AsSpan(_length));
        _length += bytes.Length;
    }
}
