namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>Where the repository is that the tests run in.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    // Upwards from where the tests run: the path of a source file is not a real one in a deterministic build.
    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "BudgetGuard.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
