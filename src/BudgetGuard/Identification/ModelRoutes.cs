using System.Buffers;

namespace BudgetGuard.Identification;

/// <summary>The table of routes and hosts, and how a request finds its row.</summary>
internal static class ModelRoutes
{
    /// <summary>In the order in which rows are tried: what says more stands above what says less.</summary>
    public static readonly ModelRoute[] Table =
    [
        ModelRoute.Of("/deployments/{model}/chat/completions", ModelApis.OpenAIChat),
        ModelRoute.Of("/chat/completions", ModelApis.OpenAIChat),
        ModelRoute.Of("/deployments/{model}/completions", ModelApis.OpenAICompletions),
        ModelRoute.Of("/v1/completions", ModelApis.OpenAICompletions),
        ModelRoute.Of("/deployments/{model}/embeddings", ModelApis.OpenAIEmbeddings),
        ModelRoute.Of("/v1/embeddings", ModelApis.OpenAIEmbeddings),
        ModelRoute.Of("/v1/responses", ModelApis.OpenAIResponses),
        ModelRoute.Of("/openai/responses", ModelApis.OpenAIResponses),
        ModelRoute.Of("/v1/responses/input_tokens", ModelApis.CountTokens),
        ModelRoute.Of("/openai/responses/input_tokens", ModelApis.CountTokens),
        ModelRoute.Of("/deployments/{model}/images/generations", ModelApis.OpenAIImages),
        ModelRoute.Of("/v1/images/generations", ModelApis.OpenAIImages),
        ModelRoute.Of("/deployments/{model}/images/edits", ModelApis.OpenAIImages),
        ModelRoute.Of("/v1/images/edits", ModelApis.OpenAIImages),
        ModelRoute.Of("/v1/images/variations", ModelApis.OpenAIImages),
        ModelRoute.Of("/deployments/{model}/audio/transcriptions", ModelApis.OpenAITranscriptions),
        ModelRoute.Of("/v1/audio/transcriptions", ModelApis.OpenAITranscriptions),
        ModelRoute.Of("/deployments/{model}/audio/translations", ModelApis.OpenAITranscriptions),
        ModelRoute.Of("/v1/audio/translations", ModelApis.OpenAITranscriptions),
        ModelRoute.Of("/deployments/{model}/audio/speech", ModelApis.OpenAISpeech),
        ModelRoute.Of("/v1/audio/speech", ModelApis.OpenAISpeech),
        ModelRoute.Of("/v1/moderations", ModelApis.OpenAIModerations),
        ModelRoute.Of("/v1/messages", ModelApis.AnthropicMessages),
        ModelRoute.Of("/v1/messages/count_tokens", ModelApis.CountTokens),
        ModelRoute.Of("/models/{model}:generateContent", ModelApis.Gemini),
        ModelRoute.Of("/models/{model}:streamGenerateContent", ModelApis.Gemini),
        ModelRoute.Of("/models/{model}:countTokens", ModelApis.CountTokens),
        ModelRoute.Of("/models/{model}:embedContent", ModelApis.GeminiEmbed),
        ModelRoute.Of("/models/{model}:batchEmbedContents", ModelApis.GeminiEmbed),
        ModelRoute.Of("/tunedModels/{model}:generateContent", ModelApis.Gemini),
        ModelRoute.Of("/tunedModels/{model}:streamGenerateContent", ModelApis.Gemini),
        ModelRoute.Of("/endpoints/{model}:generateContent", ModelApis.Gemini),
        ModelRoute.Of("/endpoints/{model}:streamGenerateContent", ModelApis.Gemini),
        ModelRoute.Of("/v1beta/cachedContents", ModelApis.GeminiCaches),
        ModelRoute.Of("/v1beta1/cachedContents", ModelApis.GeminiCaches),
        ModelRoute.Of("/model/{model*}/converse", ModelApis.BedrockConverse),
        ModelRoute.Of("/model/{model*}/converse-stream", ModelApis.BedrockConverse),
        ModelRoute.Of("/model/{model*}/invoke", ModelApis.BedrockInvoke),
        ModelRoute.Of("/model/{model*}/invoke-with-response-stream", ModelApis.BedrockInvoke),
        ModelRoute.Of("/model/{model*}/count-tokens", ModelApis.CountTokens),
        new("/v1/rerank", "api.voyageai.com", ModelApis.VoyageRerank, "voyageai"),
        ModelRoute.Of("/v1/rerank", ModelApis.CohereRerank),
        ModelRoute.Of("/v2/rerank", ModelApis.CohereRerank),

        // Any app may have routes of its own called like these: only their own hosts give them this meaning.
        new("/v1/chat", "api.cohere.*", ModelApis.CohereChat, "cohere"),
        new("/v2/chat", "api.cohere.*", ModelApis.CohereChat, "cohere"),
        new("/v1/embed", "api.cohere.*", ModelApis.CohereEmbed, "cohere"),
        new("/v2/embed", "api.cohere.*", ModelApis.CohereEmbed, "cohere"),
        new("/api/chat", "*:11434", ModelApis.OllamaChat, "ollama"),
        new("/api/generate", "*:11434", ModelApis.OllamaGenerate, "ollama"),
        new("/api/embed", "*:11434", ModelApis.OllamaEmbed, "ollama"),
        new("/api/embeddings", "*:11434", ModelApis.OllamaEmbed, "ollama"),
        new("/api/chat", "ollama.com", ModelApis.OllamaChat, "ollama"),
        new("/api/generate", "ollama.com", ModelApis.OllamaGenerate, "ollama"),
        new("/api/embed", "ollama.com", ModelApis.OllamaEmbed, "ollama"),

        ModelRoute.At("api.openai.com", "openai"),
        ModelRoute.At("*.api.openai.com", "openai"),
        ModelRoute.At("*.openai.azure.com", "azure"),
        ModelRoute.At("*.services.ai.azure.com", "azure"),
        ModelRoute.At("*.cognitiveservices.azure.com", "azure"),
        ModelRoute.At("api.anthropic.com", "anthropic"),
        ModelRoute.At("generativelanguage.googleapis.com", "google"),
        ModelRoute.At("aiplatform.googleapis.com", "google"),
        ModelRoute.At("*-aiplatform.googleapis.com", "google"),
        ModelRoute.At("bedrock-runtime.*.amazonaws.com", "aws"),
        ModelRoute.At("bedrock-runtime-fips.*.amazonaws.com", "aws"),
        ModelRoute.At("api.mistral.ai", "mistral"),
        ModelRoute.At("api.deepseek.com", "deepseek"),
        ModelRoute.At("api.x.ai", "x-ai"),
        ModelRoute.At("*.api.x.ai", "x-ai"),
        ModelRoute.At("api.groq.com", "groq"),
        ModelRoute.At("openrouter.ai", "openrouter"),
        ModelRoute.At("api.together.xyz", "together"),
        ModelRoute.At("api.together.ai", "together"),
        ModelRoute.At("api.perplexity.ai", "perplexity"),
        ModelRoute.At("api.cerebras.ai", "cerebras"),
        ModelRoute.At("api.fireworks.ai", "fireworks"),
        ModelRoute.At("api.moonshot.ai", "moonshotai"),
        ModelRoute.At("api.moonshot.cn", "moonshotai"),
        ModelRoute.At("api.minimax.io", "minimax"),
        ModelRoute.At("api.z.ai", "zai"),
        ModelRoute.At("open.bigmodel.cn", "zhipuai"),
        ModelRoute.At("api.novita.ai", "novita"),
        ModelRoute.At("inference.baseten.co", "baseten"),
        ModelRoute.At("api.cloudflare.com", "cloudflare"),
        ModelRoute.At("api.voyageai.com", "voyageai"),
    ];

    // A path is looked up by the length and the last letter of what follows its last slash or colon, so that most paths are told to be none at once.
    private const int Letters = 32;
    private const int LongestTail = 31;
    private static readonly ModelRoute[]?[] ByTail = Build();
    private static readonly SearchValues<char> OddCharacters = SearchValues.Create("\\;%?# \t\r\n\0");

    public static ModelApi? Match(string path, string? host, out string? modelFromPath)
    {
        modelFromPath = null;

        // A provider may merge, strip or decode what routing left alone: an odd spelling must mean what the plain one means.
        if (IsOdd(path))
        {
            path = PlainPath.Normalize(path);
        }

        var length = path.Length - 1 - path.AsSpan().LastIndexOfAny('/', ':');
        if (length is 0 or > LongestTail || ByTail[Place(length, path[^1])] is not { } routes)
        {
            return null;
        }

        foreach (var route in routes)
        {
            if ((route.Host.Length == 0 || (host is not null && route.IsFor(host))) && route.Fits(path, out modelFromPath))
            {
                return route.Api;
            }
        }

        return null;
    }

    public static string? ProviderOf(string? host)
    {
        foreach (var route in Table)
        {
            if (host is not null && route.Provider is not null && route.IsFor(host))
            {
                return route.Provider;
            }
        }

        return null;
    }

    private static int Place(int length, char last) => length * Letters + (last & (Letters - 1));

    private static ModelRoute[]?[] Build()
    {
        var places = new ModelRoute[]?[(LongestTail + 1) * Letters];
        foreach (var route in Table)
        {
            if (route.Api is not null)
            {
                ref var rows = ref places[Place(route.Tail.Length, route.Tail[^1])];
                rows = rows is null ? [route] : [.. rows, route];
            }
        }

        return places;
    }

    private static bool IsOdd(string path)
    {
        ReadOnlySpan<char> rest = path;
        return rest.ContainsAny(OddCharacters)
            || (rest.Length > 1 && rest[^1] == '/')
            || (rest.LastIndexOf('.') >= 0 && (rest[^1] == '.' || path.Contains("/.", StringComparison.Ordinal)))
            || rest.IndexOf("//") >= 0;
    }
}
