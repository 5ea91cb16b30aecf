using System.Text;
using BudgetGuard.Identification;

namespace BudgetGuard.Estimation;

/// <summary>What a top-level field of a model request means for its price.</summary>
internal enum RequestField
{
    Other,
    Ignored,
    Model,
    Cap,
    Answers,
    BestOf,
    Stream,
    Content,
    Prompt,
    System,
    Tools,
    Schema,
    Config,
    Hidden,
    Tier,
    StreamOptions,
    Unseen,
    ImageSize,
    ImageQuality,
}

/// <summary>The fields of the known APIs, told apart by API: a cap that the provider would not read must not make a request cheaper.</summary>
internal static class RequestFields
{
    private static readonly (byte[] Name, RequestField Field)[] Common =
    [
        ("messages"u8.ToArray(), RequestField.Content), ("input"u8.ToArray(), RequestField.Content), ("tools"u8.ToArray(), RequestField.Tools),
        ("functions"u8.ToArray(), RequestField.Tools), ("system"u8.ToArray(), RequestField.System), ("instructions"u8.ToArray(), RequestField.System),
        ("response_format"u8.ToArray(), RequestField.Schema), ("text"u8.ToArray(), RequestField.Schema), ("output_format"u8.ToArray(), RequestField.Schema),
        ("output_config"u8.ToArray(), RequestField.Schema), ("stream"u8.ToArray(), RequestField.Stream), ("user"u8.ToArray(), RequestField.Ignored),
        ("metadata"u8.ToArray(), RequestField.Ignored), ("previous_response_id"u8.ToArray(), RequestField.Hidden),
        ("conversation"u8.ToArray(), RequestField.Hidden), ("mcp_servers"u8.ToArray(), RequestField.Hidden), ("container"u8.ToArray(), RequestField.Hidden),
        ("web_search_options"u8.ToArray(), RequestField.Hidden), ("context_management"u8.ToArray(), RequestField.Hidden),
        ("search_settings"u8.ToArray(), RequestField.Hidden), ("plugins"u8.ToArray(), RequestField.Hidden),
        ("service_tier"u8.ToArray(), RequestField.Tier), ("speed"u8.ToArray(), RequestField.Tier),
    ];

    private static readonly (byte[] Name, RequestField Field)[] Chat = [.. Common, ("model"u8.ToArray(), RequestField.Model),
        ("max_tokens"u8.ToArray(), RequestField.Cap), ("max_completion_tokens"u8.ToArray(), RequestField.Cap), ("n"u8.ToArray(), RequestField.Answers),
        ("stream_options"u8.ToArray(), RequestField.StreamOptions)];

    private static readonly (byte[] Name, RequestField Field)[] Completions = [.. Chat, ("prompt"u8.ToArray(), RequestField.Prompt),
        ("best_of"u8.ToArray(), RequestField.BestOf)];

    private static readonly (byte[] Name, RequestField Field)[] Responses = [.. Common, ("model"u8.ToArray(), RequestField.Model),
        ("max_output_tokens"u8.ToArray(), RequestField.Cap), ("prompt"u8.ToArray(), RequestField.Hidden),
        ("background"u8.ToArray(), RequestField.Unseen), ("reasoning"u8.ToArray(), RequestField.Unseen)];

    private static readonly (byte[] Name, RequestField Field)[] Messages = [.. Common, ("model"u8.ToArray(), RequestField.Model),
        ("max_tokens"u8.ToArray(), RequestField.Cap),
        ("thinking"u8.ToArray(), RequestField.Unseen)];

    private static readonly (byte[] Name, RequestField Field)[] Gemini = [("contents"u8.ToArray(), RequestField.Content),
        ("systemInstruction"u8.ToArray(), RequestField.System), ("system_instruction"u8.ToArray(), RequestField.System),
        ("generationConfig"u8.ToArray(), RequestField.Config), ("generation_config"u8.ToArray(), RequestField.Config),
        ("tools"u8.ToArray(), RequestField.Tools), ("cachedContent"u8.ToArray(), RequestField.Hidden), ("cached_content"u8.ToArray(), RequestField.Hidden),
        ("model"u8.ToArray(), RequestField.Model), ("labels"u8.ToArray(), RequestField.Ignored)];

    private static readonly (byte[] Name, RequestField Field)[] GeminiEmbed = [("content"u8.ToArray(), RequestField.Content),
        ("requests"u8.ToArray(), RequestField.Content), ("model"u8.ToArray(), RequestField.Model)];

    private static readonly (byte[] Name, RequestField Field)[] Converse = [("messages"u8.ToArray(), RequestField.Content),
        ("system"u8.ToArray(), RequestField.System), ("toolConfig"u8.ToArray(), RequestField.Tools), ("inferenceConfig"u8.ToArray(), RequestField.Config),
        ("outputConfig"u8.ToArray(), RequestField.Schema), ("additionalModelRequestFields"u8.ToArray(), RequestField.Hidden),
        ("promptVariables"u8.ToArray(), RequestField.Hidden), ("requestMetadata"u8.ToArray(), RequestField.Ignored)];

    private static readonly (byte[] Name, RequestField Field)[] Images = [.. Common, ("model"u8.ToArray(), RequestField.Model),
        ("n"u8.ToArray(), RequestField.Answers), ("size"u8.ToArray(), RequestField.ImageSize), ("quality"u8.ToArray(), RequestField.ImageQuality)];

    private static readonly (byte[] Name, RequestField Field)[] CohereChat = [.. Common, ("model"u8.ToArray(), RequestField.Model),
        ("max_tokens"u8.ToArray(), RequestField.Cap), ("connectors"u8.ToArray(), RequestField.Hidden), ("conversation_id"u8.ToArray(), RequestField.Hidden)];

    private static readonly (byte[] Name, RequestField Field)[] Ollama = [.. Common, ("model"u8.ToArray(), RequestField.Model),
        ("options"u8.ToArray(), RequestField.Config), ("format"u8.ToArray(), RequestField.Schema), ("prompt"u8.ToArray(), RequestField.Content)];

    /// <summary>What has nothing but text to read and no tokens to write: whatever the other fields are called, they are text.</summary>
    private static readonly (byte[] Name, RequestField Field)[] TextOnly = [("model"u8.ToArray(), RequestField.Model)];

    private static readonly (byte[] Name, RequestField Field)[] OllamaConfig = [("num_predict"u8.ToArray(), RequestField.Cap)];
    private static readonly (byte[] Name, RequestField Field)[] GeminiConfig = [("maxOutputTokens"u8.ToArray(), RequestField.Cap),
        ("max_output_tokens"u8.ToArray(), RequestField.Cap), ("candidateCount"u8.ToArray(), RequestField.Answers),
        ("candidate_count"u8.ToArray(), RequestField.Answers), ("responseSchema"u8.ToArray(), RequestField.Schema),
        ("responseJsonSchema"u8.ToArray(), RequestField.Schema), ("response_schema"u8.ToArray(), RequestField.Schema)];

    private static readonly (byte[] Name, RequestField Field)[] ConverseConfig = [("maxTokens"u8.ToArray(), RequestField.Cap)];

    /// <param name="api">The API.</param>
    /// <param name="model">The model in the path: what Bedrock invokes has the fields of its maker.</param>
    public static (byte[] Name, RequestField Field)[] Of(ModelApi api, string? model) =>
        api == ModelApis.OpenAICompletions ? Completions
        : api == ModelApis.OpenAIResponses ? Responses
        : api == ModelApis.AnthropicMessages ? Messages
        : api == ModelApis.Gemini ? Gemini
        : api == ModelApis.BedrockConverse ? Converse
        : api == ModelApis.BedrockInvoke ? InvokeFields.Of(model ?? "")
        : api == ModelApis.OpenAIImages ? Images
        : api == ModelApis.GeminiCaches ? Gemini
        : api == ModelApis.GeminiEmbed ? GeminiEmbed
        : api == ModelApis.CohereChat ? CohereChat
        : api == ModelApis.OllamaChat || api == ModelApis.OllamaGenerate ? Ollama
        : api == ModelApis.OpenAIChat || api == ModelApis.OpenAIEmbeddings ? Chat
        : TextOnly;

    public static (byte[] Name, RequestField Field)[] OfConfig(ModelApi api) =>
        api == ModelApis.Gemini || api == ModelApis.GeminiCaches ? GeminiConfig
        : api == ModelApis.BedrockConverse ? ConverseConfig
        : api == ModelApis.BedrockInvoke ? InvokeFields.Config
        : OllamaConfig;

    /// <summary>Finds a name ignoring case; <paramref name="exact"/> tells whether it is spelt as the provider spells it.</summary>
    public static int Find((byte[] Name, RequestField Field)[] fields, ReadOnlySpan<byte> name, out bool exact)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i].Name.Length == name.Length && Ascii.EqualsIgnoreCase(fields[i].Name, name))
            {
                exact = name.SequenceEqual(fields[i].Name);
                return i;
            }
        }

        exact = false;
        return -1;
    }
}
