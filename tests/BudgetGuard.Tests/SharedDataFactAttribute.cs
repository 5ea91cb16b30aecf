namespace BudgetGuard.Tests;

/// <summary>A fact that needs the recorded provider data; skipped with the reason where it is missing.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute()
    {
        if (SharedData.Folder is null)
        {
            Skip = "The recorded provider data are not beside the repository.";
        }
    }
}
