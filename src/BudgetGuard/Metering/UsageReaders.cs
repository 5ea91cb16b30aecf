using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>The readers of each model API, in the order they are asked: registered ones, then the built-in ones.</summary>
internal sealed class UsageReaders
{
    private static readonly ImmutableArray<IUsageReader> BuiltIn =
    [
        new OpenAIUsageReader(true, ModelApis.OpenAIChat.Name, ModelApis.OpenAICompletions.Name, ModelApis.OpenAIResponses.Name),
        new OpenAIUsageReader(false, ModelApis.OpenAIEmbeddings.Name),
        new OpenAIMediaUsageReader(ModelApis.OpenAIImages),
        new OpenAIMediaUsageReader(ModelApis.OpenAITranscriptions),
        new OpenAIMediaUsageReader(ModelApis.OpenAISpeech),
        new AnthropicUsageReader(),
        new GeminiUsageReader(),
        new GeminiCacheUsageReader(),
        new BedrockUsageReader(),
        new BedrockInvokeUsageReader(),
        new CohereUsageReader(),
        new OllamaUsageReader(),

        // Many who rerank tell the usage as OpenAI tells that of embeddings, also where the route is Cohere's.
        new OpenAIUsageReader(false, ModelApis.VoyageRerank.Name, ModelApis.CohereRerank.Name),
    ];

    private readonly FrozenDictionary<string, ImmutableArray<IUsageReader>> _byApi;

    public UsageReaders(IEnumerable<IUsageReader> registered)
    {
        ImmutableArray<IUsageReader> all = [.. registered, .. BuiltIn];
        _byApi = ModelApis.Names.ToFrozenDictionary(
            static name => name,
            name => all.RemoveAll(reader => !reader.CanRead(name)),
            StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The readers of an API's answers; empty if it is none the guard knows.</summary>
    public ImmutableArray<IUsageReader> For(string modelApi) => _byApi.GetValueOrDefault(modelApi, []);

    /// <summary>What the first reader finds that finds anything.</summary>
    public static TokenUsage? Read(ImmutableArray<IUsageReader> readers, JsonElement answer)
    {
        foreach (var reader in readers)
        {
            if (reader.Read(answer) is { } usage)
            {
                return usage;
            }
        }

        return null;
    }
}
