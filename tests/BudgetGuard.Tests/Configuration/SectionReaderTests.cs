using BudgetGuard.Configuration;
using Microsoft.Extensions.Configuration;

namespace BudgetGuard.Tests.Configuration;

public sealed class SectionReaderTests
{
    [Theory]
    [InlineData("-5")]
    [InlineData("-0.000000001")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e400")]
    [InlineData("1e3")]
    [InlineData("1e-10")]
    [InlineData("9000000000.000000001")]
    [InlineData("99999999999999999999999999999999999")]
    [InlineData("0.0000000001")]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("5 ")]
    [InlineData("+5")]
    [InlineData("1,000")]
    [InlineData("5,00")]
    [InlineData("$10")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("1_000")]
    [InlineData("٥")]
    [InlineData("ten")]
    [InlineData("unlimited")]
    public void T222_BadLimit_IsOneProblemThatNamesTheKeyAndTheValue(string limit)
    {
        string problem = Settings.Problem(Settings.Keys(
            ("BudgetGuard:Budgets:org:Limit", limit), ("BudgetGuard:Budgets:org:Period", "Day")));
        Assert.StartsWith($"BudgetGuard:Budgets:org:Limit: '{limit}' ", problem, StringComparison.Ordinal);
        Assert.Contains("expected", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("5", 5_000_000_000)]
    [InlineData("5.00", 5_000_000_000)]
    [InlineData("0.000000001", 1)]
    [InlineData("0.5000000000000", 500_000_000)]
    [InlineData("9000000000", 9_000_000_000_000_000_000)]
    public void T222_GoodLimit_IsExactInNanos(string limit, long nanos) => Assert.Equal(
        nanos,
        Assert.Single(Settings.Read(Settings.Keys(("BudgetGuard:Budgets:o:Limit", limit), ("BudgetGuard:Budgets:o:Period", "Day"))).Budgets).Limit);

    [Theory]
    [InlineData("Tokens", "-1")]
    [InlineData("Tokens", "1.5")]
    [InlineData("Requests", "0x10")]
    [InlineData("Requests", "99999999999999999999")]
    [InlineData("Requests", "9000000000000000000")]
    [InlineData("Tokens", "")]
    public void T222_BadCount_IsOneProblem(string unit, string value)
    {
        string problem = Settings.Problem(Settings.Keys(
            ("BudgetGuard:Budgets:org:" + unit, value), ("BudgetGuard:Budgets:org:Period", "Day")));
        Assert.StartsWith($"BudgetGuard:Budgets:org:{unit}: '{value}' ", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30", "'30s'")]
    [InlineData("0", "has no unit")]
    [InlineData("24:00:00", "'1.00:00:00' or '24h'")]
    [InlineData("1.30:15:00", "'2.06:15:00'")]
    [InlineData("24:00", "'00:24:00' for minutes and seconds or '1.00:00:00' for")]
    [InlineData("10:00", "'00:10:00'")]
    [InlineData("-00:10:00", "negative")]
    [InlineData("-5m", "negative")]
    [InlineData("00:60:00", "59")]
    [InlineData("00:00:60", "59")]
    [InlineData("1M", "no duration")]
    [InlineData("1 d", "no duration")]
    [InlineData("1.5h", "no duration")]
    [InlineData("5m ", "no duration")]
    [InlineData("1w", "no duration")]
    [InlineData("", "no duration")]
    [InlineData("٣٠s", "no duration")]
    [InlineData("99999999999d", "no duration")]
    [InlineData("0s", "out of range")]
    [InlineData("367d", "out of range")]
    [InlineData("999999d", "out of range")]
    public void T224_BadDuration_SaysWhatToWrite(string value, string part)
    {
        string problem = Settings.Problem(Settings.Keys(
            ("BudgetGuard:Budgets:org:Limit", "5"), ("BudgetGuard:Budgets:org:Rolling", value)));
        Assert.StartsWith("BudgetGuard:Budgets:org:Rolling: '", problem, StringComparison.Ordinal);
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("10m", 600)]
    [InlineData("24h", 86_400)]
    [InlineData("1d", 86_400)]
    [InlineData("1500ms", 1.5)]
    [InlineData("00:10:00", 600)]
    [InlineData("1:00:00", 3600)]
    [InlineData("1.00:00:00", 86_400)]
    [InlineData("00:00:01.5", 1.5)]
    [InlineData("366d", 31_622_400)]
    public void T224_GoodDuration_IsReadAsAPersonReadsIt(string value, double seconds) => Assert.Equal(
        TimeSpan.FromSeconds(seconds),
        Settings.Read(Settings.Keys(("BudgetGuard:Budgets:o:Limit", "5"), ("BudgetGuard:Budgets:o:Rolling", value))).Budgets[0].Terms.Window.Rolling);

    [Theory]
    [InlineData("Budgets:org:Mode", "7")]
    [InlineData("Budgets:org:Mode", "0")]
    [InlineData("Budgets:org:Mode", "Enforced")]
    [InlineData("Budgets:org:Period", "Day,Week")]
    [InlineData("Budgets:org:Period", " Day")]
    [InlineData("Budgets:org:Period", "")]
    [InlineData("Budgets:org:OnExceeded", "-1")]
    [InlineData("UnpricedModels", "Free")]
    [InlineData("FailOpen", "1")]
    [InlineData("FailOpen", "yes")]
    [InlineData("FailOpen", "true ")]
    [InlineData("FailOpen", " false")]
    [InlineData("FailOpen", "")]
    [InlineData("TrustUserHeader", "")]
    [InlineData("LogLevel", "2")]
    public void T225_EnumOrBoolThatIsNoName_IsOneProblem(string key, string value) => Assert.StartsWith(
        $"BudgetGuard:{key}: '{value}' is ", Settings.Problem(Settings.WithKey(key, value)), StringComparison.Ordinal);

    [Fact]
    public void Names_IgnoreCase()
    {
        GuardSettings settings = Settings.Read(Settings.Keys(
            ("budgetguard:FAILOPEN", "FALSE"), ("budgetguard:budgets:Org:limit", "1"), ("budgetguard:budgets:Org:period", "month")));
        Assert.False(settings.FailOpen);
        Assert.Equal(BudgetPeriod.Month, Assert.Single(settings.Budgets).Terms.Window.Period);
    }

    [Fact]
    public void T229_UnknownEnvironmentKey_IsNamed() => Assert.StartsWith(
        "BudgetGuard:Limit: unknown key", Settings.Problem(Settings.WithKey("Limit", "10")), StringComparison.Ordinal);

    [Theory]
    [InlineData("CacheTtlSeconds", "ten")]
    [InlineData("CacheTtlSeconds", "60 ")]
    [InlineData("CacheTtlSeconds", "")]
    [InlineData("DefaultCost", "")]
    [InlineData("HoldTimeout", "")]
    [InlineData("PriceFile", "")]
    public void T229_BadEnvironmentValue_IsOneProblem(string key, string value) => Assert.StartsWith(
        $"BudgetGuard:{key}: '{value}' ", Settings.Problem(Settings.WithKey(key, value)), StringComparison.Ordinal);

    [Theory]
    [InlineData("FailOpen:x", "BudgetGuard:FailOpen: has keys")]
    [InlineData("ExcludePaths:x", "BudgetGuard:ExcludePaths:x: unknown key")]
    [InlineData("Budgets:org:Match", "BudgetGuard:Budgets:org:Match: '1' is a single value")]
    [InlineData("Budgets:org:Overrides", "BudgetGuard:Budgets:org:Overrides: '1' is a single value")]
    [InlineData("Budgets", "BudgetGuard:Budgets: '1' is a single value")]
    [InlineData("ExcludeMethods:0:x", "BudgetGuard:ExcludeMethods:0: is no single value")]
    [InlineData("Budgets:_old:Limit", "BudgetGuard:Budgets:_old: a key that starts with")]
    public void T229_WrongNesting_IsOneProblem(string key, string problem) =>
        Assert.StartsWith(problem, Settings.Problem(Settings.WithKey(key, "1")), StringComparison.Ordinal);

    [Fact]
    public void List_ReplacesItsDefault() =>
        Assert.Equal<string>(["/x"], Settings.Read(Settings.Json("""{"BudgetGuard":{"ExcludePaths":["/x"]}}""")).ExcludePaths);

    [Theory]
    [InlineData("[]")]
    [InlineData("\"\"")]
    public void List_WithEmptyValue_IsCleared(string value) =>
        Assert.Empty(Settings.Read(Settings.Json($$$"""{"BudgetGuard":{"ExcludePaths":{{{value}}}}}""")).ExcludePaths);

    [Fact]
    public void List_OfOneText_IsCommaSeparated() =>
        Assert.Equal<string>(["/a", "/b"], Settings.Read(Settings.WithKey("ExcludePaths", "/a, /b/")).ExcludePaths);

    [Fact]
    public void List_WithEmptyPart_IsAProblem() =>
        Assert.StartsWith("BudgetGuard:ExcludePaths: the entry ''", Settings.Problem(Settings.WithKey("ExcludePaths", "/a,,/b")), StringComparison.Ordinal);

    [Fact]
    public void List_InTwoForms_TheLaterLayerCounts()
    {
        const string Entries = """{"BudgetGuard":{"IncludeOnlyPaths":["/api"]}}""";
        const string Empty = """{"BudgetGuard":{"IncludeOnlyPaths":[]}}""";
        const string Text = """{"BudgetGuard":{"IncludeOnlyPaths":"/v1,/v2"}}""";
        Assert.Equal<string>(["/api"], Settings.Read(Settings.Json(Empty, Entries)).IncludeOnlyPaths);
        Assert.Empty(Settings.Read(Settings.Json(Entries, Empty)).IncludeOnlyPaths);
        Assert.Equal<string>(["/v1", "/v2"], Settings.Read(Settings.Json(Entries, Text)).IncludeOnlyPaths);
        Assert.Equal<string>(["/api"], Settings.Read(Settings.Json(Text, Entries)).IncludeOnlyPaths);
    }

    [Fact]
    public void Comments_AndNulls_AreIgnored()
    {
        GuardSettings settings = Settings.Read(Settings.Json(
            """{"BudgetGuard":{"$schema":"x","_comment":{"a":1},"PriceFile":null,"FailOpen":null,"ExcludePaths":null,"Budgets":{"_c":"x","o":{"_c":1,"Limit":1,"Period":"Day"}}}}"""));
        Assert.Single(settings.Budgets);
        Assert.True(settings.FailOpen);
        Assert.Equal(3, settings.ExcludePaths.Length);
    }

    [Fact]
    public void TwelveMistakes_AreTwelveLines()
    {
        string[] problems = Settings.Problems(Settings.Json("""
            {"BudgetGuard":{
              "FailOpn": true, "CacheTtlSeconds": "60s", "DefaultCost": "1e3", "HoldTimeout": "24:00:00", "ExcludePaths": ["api"],
              "ResponseFormat": 7, "UserHeader": "X User",
              "Budgets":{
                "org":  {"Limt": 5, "Period": "Day"},
                "two":  {"Limit": 5, "Tokens": 7, "Period": "Day"},
                "none": {"Limit": 5},
                "zone": {"Limit": -1, "Period": "Day", "TimeZone": "Time/Zone"}
              }}}
            """));
        Assert.Equal(12, problems.Length);
        Assert.Contains("BudgetGuard:Budgets:org:Limt: unknown key; did you mean 'Limit'?", problems);
        Assert.Contains("BudgetGuard:FailOpn: unknown key; did you mean 'FailOpen'?", problems);
    }

    [Fact]
    public void Value_OfManyLines_StaysOnOneLine() =>
        Assert.Contains("'a?b'", Settings.Problem(Settings.WithKey("CacheTtlSeconds", "a\nb")), StringComparison.Ordinal);

    [Fact]
    public void OtherSection_IsNamedInProblems()
    {
        IConfigurationRoot root = Settings.Keys(("App:Guard:FailOpn", "true"), ("App:Guard:CacheTtlSeconds", "0"));
        var exception = Assert.ThrowsAny<Microsoft.Extensions.Options.OptionsValidationException>(() => new SettingsSource(
            root, root.GetSection("App:Guard"), [], () => Microsoft.Extensions.Logging.Abstractions.NullLogger<SettingsSource>.Instance));
        Assert.Equal(2, exception.Failures.Count());
        Assert.All(exception.Failures, line => Assert.StartsWith("App:Guard:", line, StringComparison.Ordinal));
    }
}
