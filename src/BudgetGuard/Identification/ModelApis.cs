using System.Collections.Immutable;

namespace BudgetGuard.Identification;

/// <summary>The known model APIs, and which of them a path belongs to.</summary>
internal static class ModelApis
{
    public static readonly ModelApi OpenAIChat = new("openai.chat", "chat_completion", "openai");
    public static readonly ModelApi OpenAICompletions = new("openai.completions", "text_completion", "openai");
    public static readonly ModelApi OpenAIResponses = new("openai.responses", "response", "openai");
    public static readonly ModelApi OpenAIEmbeddings = new("openai.embeddings", "text_embedding", "openai") { OnlyReads = true };
    public static readonly ModelApi OpenAIImages = new("openai.images", "image_generation", "openai") { TakesForms = true };
    public static readonly ModelApi OpenAITranscriptions = new("openai.audio.transcriptions", "transcription", "openai") { TakesForms = true };
    public static readonly ModelApi OpenAISpeech = new("openai.audio.speech", "speech", "openai");
    public static readonly ModelApi OpenAIModerations = new("openai.moderations", "moderation", "openai") { IsFree = true, OnlyReads = true };
    public static readonly ModelApi AnthropicMessages = new("anthropic.messages", "chat_completion", "anthropic");
    public static readonly ModelApi Gemini = new("gemini.generate", "chat_completion", "google");
    public static readonly ModelApi GeminiCaches = new("gemini.caches", "prompt_cache", "google") { OnlyReads = true };
    public static readonly ModelApi GeminiEmbed = new("gemini.embed", "text_embedding", "google") { OnlyReads = true };
    public static readonly ModelApi BedrockConverse = new("bedrock.converse", "chat_completion", "bedrock");
    public static readonly ModelApi BedrockInvoke = new("bedrock.invoke", "chat_completion", "bedrock");
    public static readonly ModelApi CohereChat = new("cohere.chat", "chat_completion", "cohere");
    public static readonly ModelApi CohereEmbed = new("cohere.embed", "text_embedding", "cohere") { OnlyReads = true };
    public static readonly ModelApi CohereRerank = new("cohere.rerank", "rerank", "cohere") { OnlyReads = true };
    public static readonly ModelApi VoyageRerank = new("voyage.rerank", "rerank", "voyage") { OnlyReads = true };
    public static readonly ModelApi OllamaChat = new("ollama.chat", "chat_completion", "ollama");
    public static readonly ModelApi OllamaGenerate = new("ollama.generate", "text_completion", "ollama");
    public static readonly ModelApi OllamaEmbed = new("ollama.embed", "text_embedding", "ollama") { OnlyReads = true };

    /// <summary>The routes of all vendors that count a prompt's tokens without running a model.</summary>
    public static readonly ModelApi CountTokens = new("count_tokens", "count_tokens", "openai") { IsFree = true, OnlyReads = true };

    private static readonly ImmutableArray<ModelApi> All =
    [
        OpenAIChat, OpenAICompletions, OpenAIResponses, OpenAIEmbeddings, OpenAIImages, OpenAITranscriptions, OpenAISpeech, OpenAIModerations,
        AnthropicMessages, Gemini, GeminiCaches, GeminiEmbed, BedrockConverse, BedrockInvoke, CohereChat, CohereEmbed, CohereRerank, VoyageRerank,
        OllamaChat, OllamaGenerate, OllamaEmbed, CountTokens,
    ];

    public static ImmutableArray<string> Names { get; } = ImmutableArray.CreateRange(All, static api => api.Name);

    public static ModelApi? Find(string name)
    {
        foreach (var api in All)
        {
            if (string.Equals(api.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return api;
            }
        }

        return null;
    }

    /// <summary>The API a request path belongs to; null if it is none. A model in the path beats one in the body: it is what the provider bills.</summary>
    public static ModelApi? Match(string path, out string? modelFromPath) => Match(path, null, out modelFromPath);

    /// <summary>The API of a path at a known host, which may have a port; only some hosts give a meaning to paths that any app may use for its own.</summary>
    public static ModelApi? Match(string path, string? host, out string? modelFromPath) => ModelRoutes.Match(path, host, out modelFromPath);

    /// <summary>Who serves a host, which may have a port, by the name the prices have for it; null if that is unknown.</summary>
    public static string? ProviderOf(string? host) => ModelRoutes.ProviderOf(host);

    /// <summary>True if a request to this path is answered by a stream whatever its body says.</summary>
    public static bool IsStreamPath(ModelApi api, string? path) =>
        path is not null
        && ((api == Gemini && path.TrimEnd('/').EndsWith(":streamGenerateContent", StringComparison.OrdinalIgnoreCase))
            || (api == BedrockConverse && path.TrimEnd('/').EndsWith("/converse-stream", StringComparison.OrdinalIgnoreCase))
            || (api == BedrockInvoke && path.TrimEnd('/').EndsWith("/invoke-with-response-stream", StringComparison.OrdinalIgnoreCase)));
}
