namespace BudgetGuard.Estimation;

/// <summary>What the next string is.</summary>
internal enum ContentKey : byte
{
    Text,
    Label,
    Data,
    Url,
    Reference,
    ToolType,
}

/// <summary>What the names of members inside messages say of their values.</summary>
internal static class ContentNames
{
    /// <summary>The arguments and results of tools: JSON of any form, whose names mean nothing.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("input"u8) || name.SequenceEqual("args"u8) || name.SequenceEqual("response"u8) || name.SequenceEqual("json"u8);

    public static bool IsCaching(ReadOnlySpan<byte> name) => name.SequenceEqual("cache_control"u8) || name.SequenceEqual("cachePoint"u8);

    public static bool IsImage(ReadOnlySpan<byte> name) => name.SequenceEqual("image_url"u8) || name.SequenceEqual("image"u8);

    public static bool IsData(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("data"u8) || name.SequenceEqual("bytes"u8) || name.SequenceEqual("file_data"u8) || name.SequenceEqual("images"u8);

    public static bool IsUrl(ReadOnlySpan<byte> name) => name.SequenceEqual("url"u8) || name.SequenceEqual("uri"u8);

    public static bool IsReference(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("file_id"u8) || name.SequenceEqual("file_url"u8) || name.SequenceEqual("fileUri"u8) || name.SequenceEqual("file_uri"u8);

    public static bool IsLabel(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("role"u8) || name.SequenceEqual("type"u8) || name.SequenceEqual("detail"u8) || name.EndsWith("id"u8)
        || name.SequenceEqual("mimeType"u8) || name.SequenceEqual("media_type"u8) || name.SequenceEqual("status"u8);

    /// <summary>The names that all messages have, and that a model does not read.</summary>
    public static bool IsUsual(ReadOnlySpan<byte> name) => name.SequenceEqual("content"u8) || name.SequenceEqual("text"u8) || name.SequenceEqual("parts"u8);
}
