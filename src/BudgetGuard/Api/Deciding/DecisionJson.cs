using System.Text.Json.Serialization;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// How bodies are read and written, whatever the JSON options of the app say: nothing that is unknown, there twice or of another type is let through.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(DecisionInput))]
[JsonSerializable(typeof(SettleInput))]
[JsonSerializable(typeof(ExtendInput))]
[JsonSerializable(typeof(AllowedAnswer))]
[JsonSerializable(typeof(DeniedAnswer))]
[JsonSerializable(typeof(SettledAnswer))]
internal sealed partial class DecisionJson : JsonSerializerContext;
