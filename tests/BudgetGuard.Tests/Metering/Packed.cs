using System.IO.Compression;
using System.Text;

namespace BudgetGuard.Tests.Metering;

/// <summary>Compresses as servers do.</summary>
internal static class Packed
{
    public static byte[] Pack(string encoding, string text) => Pack(encoding, Encoding.UTF8.GetBytes(text));

    /// <param name="encoding">What the header says; <c>raw</c> is deflate without the header of zlib.</param>
    /// <param name="bytes">What is compressed.</param>
    /// <param name="flushEvery">After how many bytes the compressor lets go what it has, as for a stream.</param>
    public static byte[] Pack(string encoding, byte[] bytes, int flushEvery = int.MaxValue)
    {
        var packed = new MemoryStream();
        using (Stream packing = encoding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "raw" => new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            _ => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            foreach (var part in bytes.Chunk(Math.Min(flushEvery, Math.Max(1, bytes.Length))))
            {
                packing.Write(part);
                packing.Flush();
            }
        }

        return packed.ToArray();
    }
}
