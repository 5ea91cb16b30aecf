using System.Text.Json.Serialization;

namespace BudgetGuard.Redis;

[JsonSerializable(typeof(string[]))]
internal sealed partial class PartitionJson : JsonSerializerContext;
