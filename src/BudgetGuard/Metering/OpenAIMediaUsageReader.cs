using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the usage of OpenAI's APIs of images, speech and transcription. Their blocks leave out what the kind of the answer says anyway: what an image API
/// generates is images, what a speech API does is sound. Older models are billed by the second of audio, or tell nothing.
/// </summary>
internal sealed class OpenAIMediaUsageReader(ModelApi api) : IUsageReader
{
    private readonly OpenAIUsageReader _tokens = new(true, api.Name);

    public bool CanRead(string modelApi) => string.Equals(modelApi, api.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        if (_tokens.Read(answer) is not { } usage)
        {
            return api == ModelApis.OpenAITranscriptions && Seconds(answer) is > 0 and var seconds ? new TokenUsage { AudioSeconds = seconds } : null;
        }

        var written = UsageFields.Block(UsageFields.Block(answer, "usage"), "output_tokens_details", "output_token_details");
        var media = Math.Max(0, usage.OutputTokens - (UsageFields.Count(written, "text_tokens") ?? 0));
        return api == ModelApis.OpenAIImages ? usage with { ImageOutputTokens = Math.Max(media, usage.ImageOutputTokens) }
            : api == ModelApis.OpenAISpeech ? usage with { AudioOutputTokens = Math.Max(media, usage.AudioOutputTokens) }
            : usage;
    }

    /// <summary>Whole seconds of audio, as they are billed: told as usage, or in a verbose transcript as the length of the audio.</summary>
    private static long? Seconds(JsonElement answer) =>
        UsageFields.Count(UsageFields.Block(answer, "usage"), "seconds") ?? UsageFields.Count(answer, "duration");
}
