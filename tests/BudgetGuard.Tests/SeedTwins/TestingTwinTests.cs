using BudgetGuard.Tests.Docs;

namespace BudgetGuard.Tests.SeedTwins;

/// <summary>The tests that the README shows are tests that pass.</summary>
public sealed class TestingTwinTests
{
    [Theory]
    [InlineData("Request_within_its_budget_is_allowed")]
    [InlineData("Second_request_of_a_minute_is_throttled_until_the_next")]
    public Task Test_of_the_readme_passes(string name) => Snippet.Find("README.md", name).RunTestAsync();
}
