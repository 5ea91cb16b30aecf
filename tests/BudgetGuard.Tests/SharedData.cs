using System.Runtime.CompilerServices;

namespace BudgetGuard.Tests;

/// <summary>The recorded provider data that may lie beside the repository; tests that need it say so and skip without it.</summary>
internal static class SharedData
{
    public static string RepositoryRoot { get; } = FindRoot();

    public static string? Folder { get; } =
        Path.Combine(RepositoryRoot, "..", "shared", "data") is var path && Directory.Exists(path) ? Path.GetFullPath(path) : null;

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
