namespace BudgetGuard.Tests.Rig;

/// <summary>Tables of cases, for theories.</summary>
internal static class EachRow
{
    /// <summary>Each row in both of two ways.</summary>
    public static TheoryData<string, bool> BothWays(IEnumerable<string> rows)
    {
        TheoryData<string, bool> both = [];
        foreach (string row in rows)
        {
            both.Add(row, true);
            both.Add(row, false);
        }

        return both;
    }
}
