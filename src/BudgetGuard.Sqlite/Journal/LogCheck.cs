using System.Buffers.Binary;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Looks for damage in the log of a file. SQLite takes the first page of it that is not as it was written for the log's end, for that is how a commit looks that a power
/// cut caught. Where each commit is synced before the next begins, only the last can look so: whatever is committed after it tells of acknowledged commits that SQLite
/// would leave out without a word.
/// </summary>
internal static class LogCheck
{
    private const int HeaderLength = 32;
    private const int FrameHeaderLength = 24;
    private const int PageLength = 4_096;
    private const uint Magic = 0x377F0682;

    /// <summary>True if commits are lost in the middle of a log. Whoever asks has the file for itself.</summary>
    public static bool HasHole(string log)
    {
        if (!File.Exists(log))
        {
            return false;
        }

        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        Span<byte> header = stackalloc byte[HeaderLength];
        if (file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) < HeaderLength)
        {
            return false;
        }

        uint magic = Word(header, 0);
        var sum = new Sum(isBigEndian: (magic & 1) == 1);
        sum.Add(header[..24]);
        bool isGood = (magic & ~1u) == Magic && sum.Is(header[24..]);
        return HasHole(file, header[16..24], sum, isGood ? (int)Word(header, 8) : PageLength, isGood);
    }

    private static bool HasHole(FileStream file, ReadOnlySpan<byte> salt, Sum sum, int page, bool isGood)
    {
        byte[] frame = new byte[FrameHeaderLength + page];
        int commitsLeftOut = 0;
        while (commitsLeftOut < 2 && file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            bool isOfThisLog = salt.SequenceEqual(frame.AsSpan(8, 8));
            if (isGood)
            {
                sum.Add(frame.AsSpan(0, 8));
                sum.Add(frame.AsSpan(FrameHeaderLength));
                isGood = isOfThisLog && sum.Is(frame.AsSpan(16, 8));
            }

            // The first that is left out may be the one that was cut off; the second began when that one was synced.
            commitsLeftOut += !isGood && isOfThisLog && Word(frame, 4) != 0 ? 1 : 0;
        }

        return commitsLeftOut > 1;
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    /// <summary>The checksum that runs through a log.</summary>
    private struct Sum(bool isBigEndian)
    {
        private uint _first;
        private uint _second;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            for (int i = 0; i < bytes.Length; i += 8)
            {
                _first += Read(bytes[i..]) + _second;
                _second += Read(bytes[(i + 4)..]) + _first;
            }
        }

        public readonly bool Is(ReadOnlySpan<byte> written) => Word(written, 0) == _first && Word(written, 4) == _second;

        private readonly uint Read(ReadOnlySpan<byte> bytes) =>
            isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
