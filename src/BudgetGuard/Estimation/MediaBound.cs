using System.Buffers.Text;
using System.Text;

namespace BudgetGuard.Estimation;

/// <summary>The most tokens that generated images and speech take.</summary>
internal static class MediaBound
{
    // OpenAI's figures for the largest usual size, and what previews add.
    private const long Low = 408;
    private const long Medium = 1584;
    private const long High = 6240;
    private const long Previews = 300;
    private const long UsualPixels = 1024 * 1536;
    private const int MostPixelsOfASide = 16_384;

    // Speech has about twenty tokens for a second, in which a slow voice speaks seven letters.
    private const int SpeechPerByte = 3;
    private const int LeastSpeech = 100;

    /// <summary>The tokens of one image.</summary>
    public static long Image(ReadOnlySpan<byte> quality, ReadOnlySpan<byte> size)
    {
        var one = Ascii.EqualsIgnoreCase(quality, "low"u8) ? Low : Ascii.EqualsIgnoreCase(quality, "medium"u8) ? Medium : High;
        return one * Math.Max(1, (Pixels(size) + UsualPixels - 1) / UsualPixels) + Previews;
    }

    public static long Speech(long textBytes) => textBytes * SpeechPerByte + LeastSpeech;

    private static long Pixels(ReadOnlySpan<byte> size)
    {
        var by = size.IndexOf((byte)'x');
        return by > 0 && Utf8Parser.TryParse(size[..by], out int width, out var used) && used == by
            && Utf8Parser.TryParse(size[(by + 1)..], out int height, out used) && used == size.Length - by - 1
            && width is > 0 and <= MostPixelsOfASide && height is > 0 and <= MostPixelsOfASide
            ? (long)width * height
            : 0;
    }
}
