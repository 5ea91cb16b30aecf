using System.Text;
using BudgetGuard.Metering;

namespace BudgetGuard.Tests.Metering;

/// <summary>Puts answers of any kind through the meter's body and the readers, as they would pass.</summary>
internal static class Answers
{
    private static readonly UsageReaders Readers = new([]);

    public static TokenUsage? Read(string api, string json) => Read(api, Encoding.UTF8.GetBytes(json));

    public static TokenUsage? Read(string api, params IEnumerable<byte[]> pieces) => Read(api, isLines: false, pieces);

    public static TokenUsage? Read(string api, bool isLines, params IEnumerable<byte[]> pieces)
    {
        var body = new AnswerBody(null, isLines, isEvents: false);
        foreach (var piece in pieces)
        {
            if (!body.IsOver)
            {
                body.Feed(piece);
            }
        }

        var usage = body.Usage(Readers.For(api));
        body.Discard();
        return usage;
    }

    public static TokenUsage? Read(string api, byte[] whole) => Read(api, [whole, []]);

    /// <summary>What the scanner keeps of a body; null if it is no complete object.</summary>
    public static string? Keep(string json, int pieceSize = int.MaxValue)
    {
        var scanner = new AnswerScanner();
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var at = 0; at < bytes.Length; at += Math.Min(pieceSize, bytes.Length))
        {
            scanner.Feed(bytes.AsSpan(at, Math.Min(pieceSize, bytes.Length - at)));
        }

        if (!scanner.IsComplete)
        {
            return null;
        }

        using var kept = scanner.Kept();
        return kept.RootElement.GetRawText();
    }
}
