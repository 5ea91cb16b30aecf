namespace BudgetGuard.Metering;

/// <summary>The media types of answers that come in many parts.</summary>
internal static class StreamTypes
{
    public static bool IsEvents(string? contentType) => Name(contentType).Equals("text/event-stream", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if each line is a JSON object.</summary>
    public static bool IsLines(string? contentType)
    {
        var name = Name(contentType);
        return name.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/ndjson", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/jsonl", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/x-jsonlines", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/stream+json", StringComparison.OrdinalIgnoreCase);
    }

    public static bool IsAny(string? contentType) =>
        IsEvents(contentType) || IsLines(contentType)
        || Name(contentType).Equals("application/vnd.amazon.eventstream", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if an answer of this type may tell its usage. Plain text may be no more than what a recording says, which may read like anything.</summary>
    public static bool MayTell(string? contentType) =>
        Name(contentType).IsEmpty || IsAny(contentType) || Name(contentType).Contains("json", StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<char> Name(string? contentType)
    {
        var type = contentType.AsSpan();
        var parameters = type.IndexOf(';');
        return (parameters < 0 ? type : type[..parameters]).Trim();
    }
}
