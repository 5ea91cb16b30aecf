using System.Collections.Immutable;

namespace BudgetGuard.Metering;

/// <summary>
/// The body of one answer as it passes, in pieces of any size: inflated on the side where it is compressed, and read as one JSON object, as server-sent
/// events, as frames of a binary stream of events, as objects one after the other, or as an array of them.
/// </summary>
internal sealed class AnswerBody(Inflater? inflater, bool isLines, bool isEvents, bool mayTell = true)
{
    private AnswerScanner? _answer;
    private StreamUsage? _stream;
    private EventLines? _events;
    private EventFrames? _frames;
    private Framing _framing = mayTell ? Framing.Unknown : Framing.Nothing;

    private enum Framing : byte
    {
        Unknown,
        Object,
        Events,
        Lines,
        Array,
        Frames,
        Nothing,
    }

    /// <summary>True if the answer comes in many parts.</summary>
    public bool IsStream => _stream is not null && (isEvents || (_events is not { SawData: false } && _frames is not { SawFrame: false }));

    /// <summary>What the model wrote in a stream until now.</summary>
    public GeneratedText Written => _stream?.Written ?? default;

    /// <summary>True once nothing that follows can matter.</summary>
    public bool IsOver => _framing == Framing.Nothing || _stream is { IsOver: true } || _answer is { IsFinished: true };

    /// <summary>True if the rest of the answer cannot be read.</summary>
    public bool IsBroken { get; private set; }

    public void Feed(ReadOnlySpan<byte> piece)
    {
        if (inflater is null)
        {
            Read(piece);
        }
        else if (!inflater.Inflate(piece, this))
        {
            IsBroken = true;
            _framing = Framing.Nothing;
        }
    }

    /// <summary>Reads bytes that are not compressed.</summary>
    public void Read(ReadOnlySpan<byte> piece)
    {
        if (_framing == Framing.Unknown)
        {
            piece = Recognise(piece);
        }

        switch (_framing)
        {
            case Framing.Object:
                _answer!.Feed(piece);
                break;
            case Framing.Events:
                _events!.Feed(piece);
                break;
            case Framing.Frames:
                ReadFrames(piece);
                break;
            case Framing.Lines or Framing.Array:
                ReadObjects(piece);
                break;
        }
    }

    /// <summary>What the answer told; null if it told nothing or has told nothing yet.</summary>
    public TokenUsage? Usage(ImmutableArray<IUsageReader> readers)
    {
        if (_stream is not null)
        {
            return _stream.Usage(readers);
        }

        if (_answer is not { IsComplete: true })
        {
            return null;
        }

        using var kept = _answer.Kept();
        return UsageReaders.Read(readers, kept.RootElement);
    }

    /// <summary>How far a stream came that did not tell all of its usage; null if it is none.</summary>
    public StreamReading? Progress(TokenUsage? usage) =>
        IsStream && _stream is { } stream ? new StreamReading(usage, stream.Written, stream.WrittenSince, stream.IsOver || IsBroken || stream.HasUncounted) : null;

    /// <summary>Gives its memory back; nothing that follows is read.</summary>
    public void Discard()
    {
        _framing = Framing.Nothing;
        _answer?.Discard();
        _stream?.Discard();
        inflater?.Dispose();
    }

    /// <summary>Tells from its first byte what a body is, whatever its type says, save that it may tell nothing; what is left of the piece.</summary>
    private ReadOnlySpan<byte> Recognise(ReadOnlySpan<byte> piece)
    {
        // A byte order mark is not JSON, but every client takes it.
        var start = piece.IndexOfAnyExcept(" \t\r\n\uFEFF"u8);
        if (start < 0)
        {
            return [];
        }

        switch (piece[start])
        {
            case (byte)'{' when isLines:
                BeginStream(Framing.Lines);
                break;
            case (byte)'{':
                _framing = Framing.Object;
                _answer = new AnswerScanner();
                break;
            case (byte)'[':
                BeginStream(Framing.Array);
                start++;
                break;
            case (byte)'d' or (byte)'e' or (byte)'i' or (byte)'r' or (byte)':':
            case var _ when isEvents:
                BeginStream(Framing.Events);
                _events = new EventLines(_stream!);
                break;
            case 0:
                // The high byte of a frame's length, which no text begins with.
                BeginStream(Framing.Frames);
                _frames = new EventFrames(_stream!);
                break;
            default:
                _framing = Framing.Nothing;
                break;
        }

        return piece[start..];
    }

    private void BeginStream(Framing framing)
    {
        _framing = framing;
        _stream = new StreamUsage();
    }

    private void ReadFrames(ReadOnlySpan<byte> piece)
    {
        _frames!.Feed(piece);
        if (_frames.IsBroken)
        {
            IsBroken = _frames.SawFrame;
            _framing = Framing.Nothing;
        }
    }

    private void ReadObjects(ReadOnlySpan<byte> piece)
    {
        var stream = _stream!;
        while (!piece.IsEmpty && !stream.IsOver)
        {
            if (!stream.IsInEvent)
            {
                // An array or a line that is none of objects: nothing to read before the next one begins.
                var end = _framing == Framing.Lines ? piece.IndexOf((byte)'\n') : piece.IndexOfAny((byte)',', (byte)']');
                if (end < 0)
                {
                    return;
                }

                if (piece[end] == (byte)']' || (_framing == Framing.Array && stream.IsNoObject))
                {
                    stream.End();
                    return;
                }

                stream.EndEvent();
                piece = piece[(end + 1)..];
                continue;
            }

            piece = piece[stream.Read(piece)..];
        }
    }
}
