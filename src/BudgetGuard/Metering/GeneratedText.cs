namespace BudgetGuard.Metering;

/// <summary>How much text a model has written in a stream.</summary>
/// <param name="Bytes">Its UTF-8 bytes.</param>
/// <param name="Pieces">The parts it came in; no part is less than a token.</param>
internal readonly record struct GeneratedText(long Bytes, long Pieces)
{
    public static GeneratedText operator +(GeneratedText left, GeneratedText right) => new(left.Bytes + right.Bytes, left.Pieces + right.Pieces);

    public static GeneratedText operator -(GeneratedText left, GeneratedText right) => new(left.Bytes - right.Bytes, left.Pieces - right.Pieces);
}
