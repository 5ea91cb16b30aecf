namespace BudgetGuard.Metering;

/// <summary>The names by which the events of all the formats are understood.</summary>
internal static class EventNames
{
    /// <summary>Members whose value is text that the model wrote: Responses, Ollama, and the vendors of Bedrock.</summary>
    public static bool IsText(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("delta"u8) || key.SequenceEqual("content"u8) || key.SequenceEqual("thinking"u8) || key.SequenceEqual("response"u8)
        || key.SequenceEqual("generation"u8) || key.SequenceEqual("outputText"u8) || key.SequenceEqual("completion"u8);

    /// <summary>Members that hold such text somewhere inside: OpenAI's chat, Anthropic, Gemini, Ollama.</summary>
    public static bool IsBlock(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("choices"u8) || key.SequenceEqual("delta"u8) || key.SequenceEqual("content_block"u8) || key.SequenceEqual("candidates"u8)
        || key.SequenceEqual("tool_calls"u8) || key.SequenceEqual("contentBlockDelta"u8) || key.SequenceEqual("outputs"u8);

    /// <summary>Objects that hold an answer's plain values and its usage: Responses, Anthropic, Groq.</summary>
    public static bool IsAnswer(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("response"u8) || key.SequenceEqual("message"u8) || key.SequenceEqual("x_groq"u8);

    /// <summary>The events after which nothing follows that costs anything, by their <c>type</c> in quotes.</summary>
    public static bool IsLast(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("\"message_stop\""u8) || type.SequenceEqual("\"response.completed\""u8)
        || type.SequenceEqual("\"response.incomplete\""u8) || type.SequenceEqual("\"response.failed\""u8)
        || type.SequenceEqual("\"transcript.text.done\""u8) || type.SequenceEqual("\"speech.audio.done\""u8) || IsEndOfMessage(type);

    /// <summary>Cohere's last event, which has the usage in its <c>delta</c>.</summary>
    public static bool IsEndOfMessage(ReadOnlySpan<byte> type) => type.SequenceEqual("\"message-end\""u8);

    /// <summary>The events that bring images and sound, of which nobody can count the tokens.</summary>
    public static bool IsMedia(ReadOnlySpan<byte> type) => type.StartsWith("\"image_"u8) || type.StartsWith("\"speech.audio."u8);

    /// <summary>Anthropic's events, which tell the usage in parts: each field's last value counts.</summary>
    public static bool TellsPartOfUsage(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("\"message_start\""u8) || type.SequenceEqual("\"message_delta\""u8);
}
