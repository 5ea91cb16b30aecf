using System.Globalization;
using BudgetGuard.Configuration;

namespace BudgetGuard.Tests.Configuration;

public sealed class OptionsCheckerTests
{
    [Theory]
    [InlineData("""{}""", "BudgetGuard:Budgets:b: has no limit", "BudgetGuard:Budgets:b: has no window")]
    [InlineData("""{"Limit":1}""", "BudgetGuard:Budgets:b: has no window")]
    [InlineData("""{"Limit":1,"Requests":1,"Period":"Day"}""", "BudgetGuard:Budgets:b: has Limit and Requests")]
    [InlineData("""{"Limit":1,"Period":"Day","Rolling":"1d"}""", "BudgetGuard:Budgets:b: has Period and Rolling")]
    [InlineData("""{"Concurrency":1,"Period":"Day"}""", "BudgetGuard:Budgets:b: has Concurrency and a window")]
    [InlineData("""{"Concurrency":1,"Rolling":"1d"}""", "BudgetGuard:Budgets:b: has Concurrency and a window")]
    [InlineData("""{"Limit":1,"Rolling":"500ms"}""", "BudgetGuard:Budgets:b:Rolling: ")]
    [InlineData("""{"Limit":1,"Rolling":"1d","TimeZone":"UTC"}""", "BudgetGuard:Budgets:b:TimeZone: has no meaning")]
    [InlineData("""{"Limit":1,"Period":"Day","Per":["User","user"]}""", "BudgetGuard:Budgets:b:Per: 'user' is there twice")]
    [InlineData("""{"Limit":1,"Period":"Day","Per":["a b"]}""", "BudgetGuard:Budgets:b:Per: 'a b' is no dimension")]
    [InlineData("""{"Limit":1,"Period":"Day","Match":{"Models":[""]}}""", "BudgetGuard:Budgets:b:Match:Models:0: ")]
    [InlineData("""{"Limit":1,"Period":"Day","AlertAt":[0]}""", "BudgetGuard:Budgets:b:AlertAt: '0'")]
    [InlineData("""{"Limit":1,"Period":"Day","AlertAt":[10.1]}""", "BudgetGuard:Budgets:b:AlertAt: '10.1'")]
    [InlineData("""{"Limit":1,"Period":"Day","AlertAt":[0.5,0.50]}""", "BudgetGuard:Budgets:b:AlertAt: has a share twice")]
    [InlineData("""{"Limit":1,"Period":"Day","Overrides":[{"Limit":1}]}""", "BudgetGuard:Budgets:b:Overrides:0: is for nobody")]
    [InlineData("""{"Limit":1,"Period":"Day","Overrides":[{"User":"a"}]}""", "BudgetGuard:Budgets:b:Overrides:0: has no limit")]
    [InlineData("""{"Limit":1,"Period":"Day","Overrides":[{"User":"","Limit":1}]}""", "BudgetGuard:Budgets:b:Overrides:0:User: ")]
    [InlineData("""{"Tokens":1,"Period":"Day","Overrides":[{"User":"a","Limit":1.5}]}""", "BudgetGuard:Budgets:b:Overrides:0:Limit: '1.5' is not whole")]
    [InlineData("""{"Limit":1,"Period":"Day","Overrides":[{"Model":"a","Limit":1},{"Model":"A","Limit":2}]}""", "BudgetGuard:Budgets:b:Overrides:1: is for the same")]
    public void BadBudget_IsAProblemThatNamesIt(string budget, params string[] expected)
    {
        string[] problems = Settings.Problems(Settings.Json("""{"BudgetGuard":{"Budgets":{"b":#}}}""".Replace("#", budget, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, problems.Length);
        Assert.All(expected.Zip(problems), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Time/Zone")]
    [InlineData("../../etc/passwd")]
    public void T230_UnknownTimeZone_IsAProblem(string zone) => Assert.StartsWith(
        $"BudgetGuard:Budgets:org:TimeZone: '{zone}' is no time zone", Settings.Problem(Settings.WithKey("Budgets:org:TimeZone", zone)), StringComparison.Ordinal);

    [Theory]
    [InlineData("ExcludePaths", "api", "does not start")]
    [InlineData("ExcludePaths", "/api/*", "wildcard")]
    [InlineData("ExcludePaths", "/a%20b", "percent-escape")]
    [InlineData("ExcludePaths", "/a//b", "empty segment")]
    [InlineData("ExcludePaths", "/a/../b", "dot segment")]
    [InlineData("ExcludePaths", "/a?b", "has one of")]
    [InlineData("ExcludePaths", "/", "excludes every path")]
    [InlineData("IncludeOnlyPaths", "/HEALTH/", "is in ExcludePaths as well")]
    [InlineData("ExcludeMethods", "GET POST", "no method")]
    [InlineData("UserHeader", "X User", "no header name")]
    [InlineData("UserHeader", "X-User:", "no header name")]
    [InlineData("PriceFile", "/no/such/file.json", "does not exist")]
    [InlineData("CacheTtlSeconds", "0", "1 to 86400")]
    [InlineData("CacheTtlSeconds", "86401", "1 to 86400")]
    [InlineData("DefaultCost", "1000001", "0 to 1000000")]
    [InlineData("MaxTrackedPartitions", "0", "1 to 10000000")]
    [InlineData("DefaultMaxOutputTokens", "0", "1 to 10000000")]
    [InlineData("StreamHoldTokens", "0", "1 to 10000000")]
    [InlineData("MaxInspectedBodyBytes", "1023", "1024 to 1073741824")]
    [InlineData("HoldTimeout", "999ms", "00:00:01 to 1.00:00:00")]
    [InlineData("StoreTimeout", "0ms", "00:00:00.0010000 to 00:01:00")]
    [InlineData("StoreTimeout", "61s", "00:00:00.0010000 to 00:01:00")]
    [InlineData("Budgets:a-b:Limit", "1", "no name of a budget")]
    public void T226_BadValue_IsAProblemThatNamesIt(string key, string value, string part)
    {
        string[] problems = Settings.Problems(Settings.WithKey(key, value));
        Assert.Contains(part, problems[0], StringComparison.Ordinal);
        Assert.StartsWith("BudgetGuard:" + (key.StartsWith("Budgets", StringComparison.Ordinal) ? "Budgets:a-b" : key), problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void T226_TwoBudgetsOfOneName_ButForCase_AreAProblem()
    {
        string problem = Settings.Problem(Settings.Keys(), o => o.Budgets = new Dictionary<string, BudgetOptions>
        {
            ["org"] = new() { Limit = 1, Period = BudgetPeriod.Day },
            ["ORG"] = new() { Limit = 2, Period = BudgetPeriod.Day },
        });
        Assert.StartsWith("BudgetGuard:Budgets:ORG: another budget", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Delegate_IsCheckedTheSameWay()
    {
        string[] problems = Settings.Problems(Settings.Keys(), o =>
        {
            o.CacheTtlSeconds = -1;
            o.ResponseFormat = (ResponseFormat)7;
            o.ExcludePaths = null!;
            o.FreeModels = [""];
            o.StoreTimeout = TimeSpan.FromSeconds(-1);
            o.Budgets["x"] = new() { Limit = -1, Period = (BudgetPeriod)9, Match = null!, Per = null!, Overrides = null!, AlertAt = null!, Mode = (BudgetMode)5 };
            o.Budgets["y"] = null!;
            o.Budgets["ä"] = new() { Limit = 0.0000000001m, Period = BudgetPeriod.Day };
        });
        Assert.Equal(15, problems.Length);
        Assert.All(problems, line => Assert.StartsWith("BudgetGuard:", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    [InlineData("fa-IR")]
    public void T86_Culture_ChangesNothing(string name)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(name);
        try
        {
            GuardSettings settings = Settings.Read(Settings.Json("""
                {"BudgetGuard":{"failopen":"FALSE","DefaultCost":1.5,"HOLDTIMEOUT":"00:00:01.5",
                 "Budgets":{"ID":{"LIMIT":1.000,"PERIOD":"MINUTE","ALERTAT":[0.25],"PER":["APIKEY"]}}}}
                """));
            Assert.Equal(1_500_000_000, settings.DefaultCost.Nanos);
            Assert.Equal(TimeSpan.FromSeconds(1.5), settings.HoldTimeout);
            Assert.Equal(1_000_000_000, settings.Budgets[0].Limit);
            Assert.Equal(BudgetPeriod.Minute, settings.Budgets[0].Terms.Window.Period);
            Assert.Equal<Dimension>([new Dimension(DimensionKind.ApiKey)], settings.Budgets[0].Per);
            Assert.StartsWith("BudgetGuard:Budgets:org:AlertAt: '10.5'", Settings.Problem(Settings.WithKey("Budgets:org:AlertAt", "10.5")), StringComparison.Ordinal);
            Assert.StartsWith("BudgetGuard:Budgets:org:Limit: '1,5'", Settings.Problem(Settings.WithKey("Budgets:org:Limit", "1,5")), StringComparison.Ordinal);
            Assert.EndsWith("did you mean 'TimeZone'?", Settings.Problem(Settings.WithKey("Budgets:org:tımezone", "1")), StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
