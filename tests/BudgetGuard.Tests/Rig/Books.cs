namespace BudgetGuard.Tests.Rig;

/// <summary>What alice has used of one budget in each unit.</summary>
internal readonly record struct Books(decimal Money, decimal Tokens, decimal Requests)
{
    /// <summary>A budget in each unit, none of which is used up, and amounts told.</summary>
    public const string Budgets = """
        "daily":{"Limit":1000,"Period":"Day","Per":["User"]},"tokens":{"Tokens":100000000,"Period":"Day","Per":["User"]},
        "calls":{"Requests":100000,"Period":"Day","Per":["User"]},"slots":{"Concurrency":1000,"Per":["User"]}
        """;

    public const string Section = "{\"ExposeAmounts\":true,\"Budgets\":{" + Budgets + "}}";

    /// <summary>Reads the books, in which nothing may be held any more.</summary>
    public static async Task<Books> ReadAsync(GuardedApp app, string user = "alice")
    {
        IReadOnlyList<BudgetBalance> balances = await app.Guard.ReadAsync(new BudgetRequest { Subject = user });
        Assert.All(balances, static balance => Assert.True(balance.Held == 0, $"{balance.Held} held of {balance.Budget}"));
        decimal Of(string budget) => balances.Single(balance => balance.Budget == budget).Settled;
        Assert.Equal(0m, Of("slots"));
        return new Books(Of("daily"), Of("tokens"), Of("calls"));
    }

    public static Books operator +(Books left, Books right) =>
        new(left.Money + right.Money, left.Tokens + right.Tokens, left.Requests + right.Requests);

    public static Books operator *(Books one, int times) => new(one.Money * times, one.Tokens * times, one.Requests * times);
}
