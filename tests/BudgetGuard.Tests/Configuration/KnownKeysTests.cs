using System.Reflection;
using System.Text.Json;
using BudgetGuard.Configuration;

namespace BudgetGuard.Tests.Configuration;

public sealed class KnownKeysTests
{
    public static TheoryData<string> AllKeys
    {
        get
        {
            TheoryData<string> data = [];
            KnownKeys.Guard.ToList().ForEach(key => data.Add(key.Name));
            KnownKeys.Budget.ToList().ForEach(key => data.Add("Budgets:org:" + key.Name));
            KnownKeys.Match.ToList().ForEach(key => data.Add("Budgets:org:Match:" + key.Name));
            KnownKeys.Override.ToList().ForEach(key => data.Add("Budgets:org:Overrides:0:" + key.Name));
            KnownKeys.Alerts.ToList().ForEach(key => data.Add("Alerts:" + key.Name));
            KnownKeys.AlertSink.Where(key => key.Name.Length > 2).ToList().ForEach(key => data.Add("Alerts:Sinks:ops:" + key.Name));
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(AllKeys))]
    public void T223_MisspeltKey_IsAProblemThatNamesBoth(string key)
    {
        string name = key[(key.LastIndexOf(':') + 1)..];
        string misspelt = key[..^name.Length] + name[..^2] + "x" + name[^1];
        string[] problems = Settings.Problems(Settings.WithKey(misspelt, "x"));
        Assert.Contains($"BudgetGuard:{misspelt}: unknown key; did you mean '{name}'?", problems);
    }

    [Theory]
    [InlineData("FailOpn", "FailOpen")]
    [InlineData("fail_open", "FailOpen")]
    [InlineData("Budgets:org:Limt", "Limit")]
    [InlineData("Budgets:org:Windw", null)]
    [InlineData("Budgets:org:TimeZon", "TimeZone")]
    [InlineData("Wholly unlike", null)]
    public void T223_Hint_IsTheNearestName(string key, string? hint) => Assert.EndsWith(
        hint is null ? "unknown key" : $"did you mean '{hint}'?", Settings.Problem(Settings.WithKey(key, "1")), StringComparison.Ordinal);

    [Theory]
    [InlineData(typeof(BudgetGuardOptions))]
    [InlineData(typeof(BudgetOptions))]
    [InlineData(typeof(BudgetMatch))]
    [InlineData(typeof(AlertOptions))]
    [InlineData(typeof(AlertSinkOptions))]
    [InlineData(typeof(BudgetOverride))]
    public void Keys_OfTableSchemaAndOptions_AreTheSame(Type type)
    {
        string[] properties = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => p.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(properties, TableNames(type).Order(StringComparer.Ordinal));
        Assert.Equal(properties, PropertiesOf(type).Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.All(PropertiesOf(type), p => Assert.NotEmpty(p.Value.GetProperty("description").GetString()!));
    }

    [Theory]
    [InlineData(typeof(BudgetGuardOptions))]
    [InlineData(typeof(BudgetOptions))]
    [InlineData(typeof(BudgetMatch))]
    [InlineData(typeof(AlertOptions))]
    [InlineData(typeof(AlertSinkOptions))]
    public void Defaults_OfTheSchema_AreThoseOfTheOptions(Type type)
    {
        object options = Activator.CreateInstance(type)!;
        foreach (JsonProperty property in PropertiesOf(type))
        {
            if (property.Value.TryGetProperty("default", out JsonElement value) && property.Name != "TimeZone")
            {
                object? actual = type.GetProperty(property.Name)!.GetValue(options);
                string text = actual switch
                {
                    TimeSpan span => span.ToString("c"),
                    System.Collections.IEnumerable list and not string => JsonSerializer.Serialize(list),
                    Enum name => $"\"{name}\"",
                    _ => JsonSerializer.Serialize(actual),
                };
                string written = value.ValueKind == JsonValueKind.Array ? JsonSerializer.Serialize(value) : value.GetRawText();
                if (actual is TimeSpan)
                {
                    Assert.Null(DurationParser.Parse(value.GetString()!, out TimeSpan parsed));
                    Assert.Equal(actual, parsed);
                }
                else
                {
                    Assert.True(text == written, $"{property.Name}: schema {written}, options {text}");
                }
            }
        }
    }

    [Theory]
    [InlineData("UnpricedModels", typeof(UnpricedModels))]
    [InlineData("ExpiredHolds", typeof(ExpiredHolds))]
    [InlineData("ResponseFormat", typeof(ResponseFormat))]
    [InlineData("LogLevel", typeof(Microsoft.Extensions.Logging.LogLevel))]
    public void Names_OfTheSchema_AreThoseOfTheEnum(string key, Type type) => Assert.Equal(
        Enum.GetNames(type), SchemaOf(typeof(BudgetGuardOptions)).GetProperty(key).GetProperty("enum").EnumerateArray().Select(e => e.GetString()!));

    [Theory]
    [InlineData("Period", typeof(BudgetPeriod))]
    [InlineData("OnExceeded", typeof(BudgetAction))]
    [InlineData("Mode", typeof(BudgetMode))]
    [InlineData("OnStoreFailure", typeof(StoreFailureAction))]
    public void Names_OfTheBudgetSchema_AreThoseOfTheEnum(string key, Type type) => Assert.Equal(
        Enum.GetNames(type), SchemaOf(typeof(BudgetOptions)).GetProperty(key).GetProperty("enum").EnumerateArray().Select(e => e.GetString()!));

    private static IEnumerable<string> TableNames(Type type) => type.Name switch
    {
        nameof(BudgetGuardOptions) => KnownKeys.Guard.Select(key => key.Name),
        nameof(BudgetOptions) => KnownKeys.Budget.Select(key => key.Name),
        nameof(BudgetMatch) => KnownKeys.Match.Select(key => key.Name),
        nameof(AlertOptions) => KnownKeys.Alerts.Select(key => key.Name),
        nameof(AlertSinkOptions) => KnownKeys.AlertSink.Select(key => key.Name),
        _ => KnownKeys.Override.Select(key => key.Name),
    };

    // What stores read is theirs.
    private static IEnumerable<JsonProperty> PropertiesOf(Type type) => SchemaOf(type).EnumerateObject().Where(p => !KnownKeys.Stores.Contains(p.Name));

    private static JsonElement SchemaOf(Type type)
    {
        string file = Path.Combine(SharedData.RepositoryRoot, "src", "BudgetGuard", "ConfigurationSchema.json");
        JsonElement guard = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("properties").GetProperty("BudgetGuard").GetProperty("properties");
        JsonElement budget = guard.GetProperty("Budgets").GetProperty("patternProperties").EnumerateObject().First().Value.GetProperty("properties");
        return type.Name switch
        {
            nameof(BudgetGuardOptions) => guard,
            nameof(BudgetOptions) => budget,
            nameof(AlertOptions) => guard.GetProperty("Alerts").GetProperty("properties"),
            nameof(AlertSinkOptions) => guard.GetProperty("Alerts").GetProperty("properties").GetProperty("Sinks").GetProperty("patternProperties")
                .EnumerateObject().First().Value.GetProperty("properties"),
            nameof(BudgetMatch) => budget.GetProperty("Match").GetProperty("properties"),
            _ => budget.GetProperty("Overrides").GetProperty("items").GetProperty("properties"),
        };
    }
}
