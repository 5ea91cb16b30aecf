using System.Buffers;
using System.Collections.Immutable;

namespace BudgetGuard.Identification;

/// <summary>The known model APIs, and which of them a path belongs to.</summary>
internal static class ModelApis
{
    public static readonly ModelApi OpenAIChat = new("openai.chat", "chat_completion", "openai");
    public static readonly ModelApi OpenAICompletions = new("openai.completions", "text_completion", "openai");
    public static readonly ModelApi OpenAIResponses = new("openai.responses", "response", "openai");
    public static readonly ModelApi OpenAIEmbeddings = new("openai.embeddings", "text_embedding", "openai");
    public static readonly ModelApi AnthropicMessages = new("anthropic.messages", "chat_completion", "anthropic");
    public static readonly ModelApi Gemini = new("gemini.generate", "chat_completion", "google");
    public static readonly ModelApi BedrockConverse = new("bedrock.converse", "chat_completion", "bedrock");

    private static readonly ImmutableArray<ModelApi> All =
        [OpenAIChat, OpenAICompletions, OpenAIResponses, OpenAIEmbeddings, AnthropicMessages, Gemini, BedrockConverse];

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
    public static ModelApi? Match(string path, out string? modelFromPath)
    {
        modelFromPath = null;

        // A provider may merge, strip or decode what routing left alone: an odd spelling must mean what the plain one means.
        if (IsOdd(path))
        {
            path = PlainPath.Normalize(path);
        }

        if (path.Length < 9)
        {
            return null;
        }

        return (path[^1] | 0x20) switch
        {
            's' => MatchOpenAIOrAnthropic(path, ref modelFromPath),
            't' => MatchGemini(path, ref modelFromPath),
            'e' => MatchBedrock(path, "/converse", ref modelFromPath),
            'm' => MatchBedrock(path, "/converse-stream", ref modelFromPath),
            _ => null,
        };
    }

    /// <summary>True if a request to this path is answered by a stream whatever its body says.</summary>
    public static bool IsStreamPath(ModelApi api, string? path) =>
        path is not null
        && ((api == Gemini && path.TrimEnd('/').EndsWith(":streamGenerateContent", StringComparison.OrdinalIgnoreCase))
            || (api == BedrockConverse && path.TrimEnd('/').EndsWith("/converse-stream", StringComparison.OrdinalIgnoreCase)));

    private static bool IsOdd(string path)
    {
        ReadOnlySpan<char> rest = path;
        return rest.ContainsAny(OddCharacters)
            || (rest.Length > 0 && rest[^1] == '/')
            || (rest.LastIndexOf('.') >= 0 && (rest[^1] == '.' || path.Contains("/.", StringComparison.Ordinal)))
            || rest.IndexOf("//") >= 0;
    }

    private static readonly SearchValues<char> OddCharacters = SearchValues.Create("\\;%?# \t\r\n\0");

    private static ModelApi? MatchOpenAIOrAnthropic(string path, ref string? model)
    {
        if (Ends(path, "/chat/completions"))
        {
            model = Deployment(path, "/chat/completions");
            return OpenAIChat;
        }

        if (Ends(path, "/completions"))
        {
            model = Deployment(path, "/completions");
            return model is not null || Ends(path, "/v1/completions") ? OpenAICompletions : null;
        }

        if (Ends(path, "/embeddings"))
        {
            model = Deployment(path, "/embeddings");
            return model is not null || Ends(path, "/v1/embeddings") ? OpenAIEmbeddings : null;
        }

        if (Ends(path, "/v1/responses") || Ends(path, "/openai/responses"))
        {
            return OpenAIResponses;
        }

        return Ends(path, "/v1/messages") ? AnthropicMessages : null;
    }

    private static ModelApi? MatchGemini(string path, ref string? model)
    {
        var colon = path.LastIndexOf(':');
        if (colon < 0 || !(Ends(path, ":generateContent") || Ends(path, ":streamGenerateContent")))
        {
            return null;
        }

        var slash = path.LastIndexOf('/', colon);
        var parent = slash < 0 ? default : path.AsSpan(0, slash);
        if (!parent.EndsWith("/models", StringComparison.OrdinalIgnoreCase) && !parent.EndsWith("/tunedModels", StringComparison.OrdinalIgnoreCase)
            && !parent.EndsWith("/endpoints", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        model = Uri.UnescapeDataString(path[(slash + 1)..colon]);
        return model.Length > 0 ? Gemini : null;
    }

    private static ModelApi? MatchBedrock(string path, string suffix, ref string? model)
    {
        var start = Ends(path, suffix) ? path.IndexOf("/model/", StringComparison.OrdinalIgnoreCase) : -1;
        var end = path.Length - suffix.Length;
        if (start < 0 || start + 7 >= end)
        {
            return null;
        }

        model = Uri.UnescapeDataString(path[(start + 7)..end]);
        return BedrockConverse;
    }

    private static string? Deployment(string path, string suffix)
    {
        var end = path.Length - suffix.Length;
        var slash = end > 0 ? path.LastIndexOf('/', end - 1) : -1;
        return slash > 0 && slash + 1 < end && path.AsSpan(0, slash).EndsWith("/deployments", StringComparison.OrdinalIgnoreCase)
            ? Uri.UnescapeDataString(path[(slash + 1)..end])
            : null;
    }

    private static bool Ends(string path, string suffix) => path.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);
}
