using System.Text;

namespace BudgetGuard.Estimation;

/// <summary>The few short fields of a form that say what it costs.</summary>
internal sealed class FormFields
{
    private const int LongestValue = 256;

    // Their order is that of the fields of this class.
    private static readonly byte[][] Names =
    [
        "model"u8.ToArray(), "n"u8.ToArray(), "quality"u8.ToArray(), "size"u8.ToArray(), "response_format"u8.ToArray(),
    ];

    private readonly byte[] _value = new byte[LongestValue + 1];
    private readonly byte[]?[] _values = new byte[Names.Length][];
    private int _length;
    private int _open = -1;

    public string? Model { get; private set; }

    public long Answers { get; private set; } = 1;

    public int Images { get; private set; }

    public ReadOnlySpan<byte> Quality => _values[2];

    public ReadOnlySpan<byte> Size => _values[3];

    /// <summary>True if the transcript comes in a form that tells the length of the audio, or the tokens.</summary>
    public bool TellsUsage => _values[4] is null or [] || Is(4, "json"u8) || Is(4, "verbose_json"u8) || Is(4, "diarized_json"u8);

    public ModelRequestError? Begin(ReadOnlySpan<byte> name, bool isFile)
    {
        _length = 0;
        _open = -1;
        if (name.StartsWith("image"u8) || name.SequenceEqual("mask"u8))
        {
            Images++;
            return null;
        }

        for (var i = 0; i < Names.Length; i++)
        {
            if (!Ascii.EqualsIgnoreCase(name, Names[i]))
            {
                continue;
            }

            _open = i;
            var field = Encoding.ASCII.GetString(Names[i]);
            return !name.SequenceEqual(Names[i]) ? ModelRequestError.Invalid($"The field '{field}' is spelt in another case.")
                : isFile ? ModelRequestError.Invalid($"The field '{field}' must not be a file.")
                : _values[i] is not null ? ModelRequestError.Invalid($"The field '{field}' is there twice.")
                : null;
        }

        return null;
    }

    /// <summary>Takes a piece of the value of the part that began last.</summary>
    public void Add(ReadOnlySpan<byte> piece)
    {
        if (_open >= 0)
        {
            piece = piece[..Math.Min(piece.Length, _value.Length - _length)];
            piece.CopyTo(_value.AsSpan(_length));
            _length += piece.Length;
        }
    }

    public ModelRequestError? End()
    {
        if (_open < 0)
        {
            return null;
        }

        var value = _values[_open] = _value[.._length];
        if (_open == 0)
        {
            Model = value.Length is > 0 and <= LongestValue && !value.AsSpan().ContainsAnyExceptInRange((byte)'!', (byte)'~') ? Encoding.ASCII.GetString(value) : null;
            return Model is null ? ModelRequestError.Invalid("'model' must be 1 to 256 plain characters.") : null;
        }

        if (_open == 1)
        {
            if (!JsonText.TryReadCount(value, out var answers) || answers == 0)
            {
                return ModelRequestError.Invalid("'n' must be a whole number above zero.");
            }

            Answers = answers;
        }

        return null;
    }

    private bool Is(int field, ReadOnlySpan<byte> value) => value.SequenceEqual(_values[field]);
}
