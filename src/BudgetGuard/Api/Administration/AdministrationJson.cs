using System.Text.Json.Serialization;

namespace BudgetGuard.Api.Administration;

/// <summary>How the API reads and writes JSON. What it does not know of a request is refused; so is a member that is there twice.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(BudgetRow[]))]
[JsonSerializable(typeof(AccountRow[]))]
[JsonSerializable(typeof(AccountRow))]
[JsonSerializable(typeof(TopUpRequest))]
[JsonSerializable(typeof(ResetRequest))]
[JsonSerializable(typeof(SpendRow[]))]
[JsonSerializable(typeof(DecisionRow[]))]
[JsonSerializable(typeof(DecisionRow))]
[JsonSerializable(typeof(ExplainRow))]
[JsonSerializable(typeof(AlertRow[]))]
[JsonSerializable(typeof(AlertRow))]
[JsonSerializable(typeof(AlertTestRequest))]
[JsonSerializable(typeof(AlertTestRow))]
internal sealed partial class AdministrationJson : JsonSerializerContext;
