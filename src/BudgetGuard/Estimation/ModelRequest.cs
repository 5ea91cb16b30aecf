namespace BudgetGuard.Estimation;

/// <summary>What one pass over the body (and path) of a known model API says about a request.</summary>
internal sealed record ModelRequest
{
    /// <summary>The model; null where neither body nor path names one.</summary>
    public string? Model { get; init; }

    /// <summary>UTF-8 bytes of text, after JSON unescaping, that the model will read: messages, system prompt, tools, schemas.</summary>
    public long TextBytes { get; init; }

    /// <summary>Tokens of the prompt that were given as token ids.</summary>
    public long TokenIds { get; init; }

    /// <summary>Messages, input items or contents.</summary>
    public int Messages { get; init; }

    /// <summary>Tools or functions offered to the model.</summary>
    public int Tools { get; init; }

    /// <summary>Images in the prompt, inline or by reference.</summary>
    public int Images { get; init; }

    /// <summary>Bytes of inline audio, video and documents (decoded from base64), and files by reference counted apart.</summary>
    public long MediaBytes { get; init; }

    /// <summary>Seconds of audio that were uploaded to be transcribed, at most, by their size.</summary>
    public long AudioSeconds { get; init; }

    /// <summary>Files, audio or video given by reference, whose size is unknown.</summary>
    public int MediaReferences { get; init; }

    /// <summary>The cap on generated tokens that the request sets; null if it sets none.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>How many answers are asked for (<c>n</c>, <c>best_of</c>, <c>candidateCount</c>, prompts in one call).</summary>
    public long Answers { get; init; } = 1;

    /// <summary>True if the answer will be streamed.</summary>
    public bool Stream { get; init; }

    /// <summary>True if the model is asked to think, or to go on in the background when nobody listens.</summary>
    public bool WorksUnseen { get; init; }

    /// <summary>True if the request says how it wants to be streamed.</summary>
    public bool HasStreamOptions { get; init; }

    /// <summary>True if the request refers to input the guard cannot see (a conversation, a previous response, a stored prompt) or lets the provider fetch more.</summary>
    public bool HasHiddenInput { get; init; }

    /// <summary>True if the request asks the provider to write a prompt cache, which may cost more than reading the prompt.</summary>
    public bool AsksForCaching { get; init; }

    /// <summary>The service tier the request asks for, if any.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>True if the answer must follow a JSON schema.</summary>
    public bool HasSchema { get; init; }
}
