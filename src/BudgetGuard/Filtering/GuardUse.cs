namespace BudgetGuard.Filtering;

/// <summary>Whether the app ever put the guard into a pipeline.</summary>
internal sealed class GuardUse
{
    public bool IsUsed { get; set; }
}
