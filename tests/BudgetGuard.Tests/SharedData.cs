namespace BudgetGuard.Tests;

/// <summary>The recorded provider data that may lie beside the repository; tests that need it say so and skip without it.</summary>
internal static class SharedData
{
    public static string RepositoryRoot { get; } = FindRoot();

    public static string? Folder { get; } =
        Path.Combine(RepositoryRoot, "..", "shared", "data") is var path && Directory.Exists(path) ? Path.GetFullPath(path) : null;

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
