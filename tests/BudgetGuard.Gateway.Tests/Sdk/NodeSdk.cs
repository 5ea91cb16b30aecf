using System.Diagnostics;
using System.Text.Json;

namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>The packages openai and @anthropic-ai/sdk for Node, each call in a process of its own.</summary>
public sealed class NodeSdk(string vendor) : ISdk
{
    /// <summary>Only a program that hangs meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task<SdkOutcome> AskAsync(Uri gateway, string key, string prompt, bool isStream)
    {
        string folder = Path.Combine(Repository.Root, "tests", "BudgetGuard.Gateway.Tests", "Node");
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules")), "The Node packages are not installed: tests/run.sh does it, or 'npm ci' in tests/BudgetGuard.Gateway.Tests/Node.");
        ProcessStartInfo start = new("node", [Path.Combine(folder, "ask.mjs"), vendor, gateway.ToString(), key, isStream ? "stream" : "json", prompt])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Patience);
            Assert.True(process.ExitCode == 0, await errors);
            return JsonSerializer.Deserialize<SdkOutcome>(await output)!;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
