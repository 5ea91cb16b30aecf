using BudgetGuard.Frameworks.Tests.Rig;

namespace BudgetGuard.Frameworks.Tests;

/// <summary>The tests that the adapters bring in their own languages.</summary>
public sealed class AdapterTests
{
    public static TheoryData<string> PythonFiles =>
        [.. Directory.GetFiles(Path.Combine(Repository.Root, "samples/frameworks/python/tests"), "test_*.py").Select(static file => Path.GetFileNameWithoutExtension(file)!)];

    [Theory]
    [MemberData(nameof(PythonFiles))]
    public Task Python_adapters_pass_their_own_tests(string file) =>
        Run.SucceedsAsync("samples/frameworks/python", "/usr/bin/python3", "-m", "unittest", "-q", $"tests.{file}");

    [Theory]
    [InlineData("express")]
    [InlineData("fastify")]
    public Task Node_adapters_pass_their_own_tests(string name) => Run.SucceedsAsync($"samples/frameworks/{name}", "npm", "test");
}
