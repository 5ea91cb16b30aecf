using BudgetGuard.Configuration;

namespace BudgetGuard.Tests.Configuration;

public sealed class GuardSettingsTests
{
    [Fact]
    public void Budgets_AreOrderedByName_AndReadWhole()
    {
        GuardSettings settings = Settings.Read(Settings.Json("""
            {"BudgetGuard":{"MaxTrackedPartitions":7,"FailOpen":false,"Budgets":{
              "z": {"Tokens":5,"Rolling":"10m"},
              "B": {"Limit":0.5,"Period":"Month","TimeZone":"Europe/Berlin","Per":["user","tenant"],"AlertAt":[1,0.5],"CarryDebt":true,"Explicit":true,
                    "Match":{"Models":["gpt-4*"],"Users":["a"]},"Overrides":[{"User":"vip","Limit":50}]},
              "a": {"Concurrency":3}
            }}}
            """));
        Assert.Equal(["a", "B", "z"], settings.Budgets.Select(rule => rule.Terms.Name));
        BudgetRule rule = settings.Budgets[1];
        Assert.Equal(500_000_000, rule.Limit);
        Assert.Equal("Europe/Berlin", rule.Terms.Window.Zone.Id);
        Assert.Equal<Dimension>([new Dimension(DimensionKind.User), new Dimension(DimensionKind.Tag, "tenant")], rule.Per);
        Assert.Equal<decimal>([0.5m, 1m], rule.Terms.AlertAt);
        Assert.Equal(7, rule.Terms.MaxTrackedPartitions);
        Assert.True(rule.Terms.CarryDebt && rule.IsExplicit && rule.Terms.Enforced && !rule.IsShadow);
        Assert.Equal(StoreFailureAction.Reject, rule.OnStoreFailure);
        Assert.True(rule.Models[0].Matches("GPT-4o") && !rule.Users[0].Matches("A"));
        Assert.Equal(new LimitOverride("vip", null, null, null, null, 50_000_000_000), Assert.Single(rule.Overrides));
        Assert.Equal(WindowSpec.Total, settings.Budgets[0].Terms.Window);
        Assert.Equal(TimeSpan.FromMinutes(10), settings.Budgets[2].Terms.Window.Rolling);
    }

    [Theory]
    [InlineData("\"Limit\":1,\"Period\":\"Minute\"", BudgetAction.Throttle)]
    [InlineData("\"Limit\":1,\"Period\":\"Hour\"", BudgetAction.Throttle)]
    [InlineData("\"Limit\":1,\"Period\":\"Day\"", BudgetAction.Reject)]
    [InlineData("\"Limit\":1,\"Period\":\"Total\"", BudgetAction.Reject)]
    [InlineData("\"Limit\":1,\"Rolling\":\"1h\"", BudgetAction.Throttle)]
    [InlineData("\"Limit\":1,\"Rolling\":\"61m\"", BudgetAction.Reject)]
    [InlineData("\"Tokens\":1,\"Period\":\"Month\"", BudgetAction.Reject)]
    [InlineData("\"Requests\":1,\"Period\":\"Month\"", BudgetAction.Throttle)]
    [InlineData("\"Concurrency\":1,\"Period\":\"Total\"", BudgetAction.Throttle)]
    [InlineData("\"Requests\":1,\"Period\":\"Month\",\"OnExceeded\":\"Reject\"", BudgetAction.Reject)]
    public void OnExceeded_HasADefaultByWindowAndUnit(string budget, BudgetAction expected) =>
        Assert.Equal(expected, Settings.Read(Settings.Json("""{"BudgetGuard":{"Budgets":{"b":{#}}}}""".Replace("#", budget, StringComparison.Ordinal))).Budgets[0].Terms.OnExceeded);

    [Theory]
    [InlineData("Budgets:org:Mode", "Shadow", true, false)]
    [InlineData("EnableThrottling", "false", true, false)]
    [InlineData("Budgets:org:OnExceeded", "Alert", false, false)]
    [InlineData("Budgets:org:Mode", "Enforce", false, true)]
    public void Enforced_IsFalse_ForShadowAndAlert(string key, string value, bool shadow, bool enforced)
    {
        BudgetRule rule = Settings.Read(Settings.WithKey(key, value)).Budgets[0];
        Assert.Equal((shadow, enforced), (rule.IsShadow, rule.Terms.Enforced));
    }

    [Fact]
    public void Paths_LoseTheirTrailingSlash_AndRootIncludesAll()
    {
        GuardSettings settings = Settings.Read(Settings.Keys(), o =>
        {
            o.ExcludePaths = ["/x/"];
            o.IncludeOnlyPaths = ["/api/", "/"];
        });
        Assert.Equal<string>(["/x"], settings.ExcludePaths);
        Assert.Empty(settings.IncludeOnlyPaths);
    }

    [Fact]
    public void T232_UnsafeChoices_AreListed()
    {
        Assert.Contains("No budgets", Assert.Single(UnsafeChoices.Of(Settings.Read(Settings.Keys()), storeMayFail: true)), StringComparison.Ordinal);
        Assert.Empty(UnsafeChoices.Of(Settings.Read(Settings.WithKey("FailOpen", "false")), storeMayFail: true));
        IReadOnlyList<string> all = UnsafeChoices.Of(Settings.Read(Settings.Json(Settings.OneBudget), o =>
        {
            o.UnpricedModels = UnpricedModels.Allow;
            o.DefaultCost = 0;
            o.TrustUserHeader = true;
            o.EnableCostTracking = false;
            o.ExpiredHolds = ExpiredHolds.Release;
            o.Budgets["org"].Match.Users = ["alice"];
        }), storeMayFail: true);
        Assert.Equal(7, all.Count);
        Assert.Contains(all, line => line.StartsWith("DefaultCost is 0", StringComparison.Ordinal));
        Assert.Contains(all, line => line.Contains("enforced: org", StringComparison.Ordinal));
    }

    [Fact]
    public void Store_that_cannot_fail_is_not_warned_of()
    {
        GuardSettings settings = Settings.Read(Settings.Json(Settings.OneBudget));
        Assert.Contains("While the store fails", Assert.Single(UnsafeChoices.Of(settings, storeMayFail: true)), StringComparison.Ordinal);
        Assert.Empty(UnsafeChoices.Of(settings, storeMayFail: false));
    }
}
