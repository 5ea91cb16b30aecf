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
        new AnthropicUsageReader(),
        new GeminiUsageReader(),
        new BedrockUsageReader(),
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
