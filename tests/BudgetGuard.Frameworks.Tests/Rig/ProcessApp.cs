using System.Diagnostics;
using System.Globalization;

namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>A framework's app in a process of its own.</summary>
internal sealed class ProcessApp : IFrameworkApp
{
    /// <summary>What an app says once it listens, and at which port: the system chooses it, so that nothing else can take it meanwhile.</summary>
    private const string Ready = "ready ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ProcessApp(Process process, Uri address, Ledger ledger)
    {
        _process = process;
        Ledger = ledger;
        // Some frameworks' servers close each connection after its answer without a word: none is used twice.
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200, PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = address, Timeout = Patience };
    }

    public HttpClient Client { get; }

    public Ledger Ledger { get; }

    public static async Task<ProcessApp> StartAsync(Launch launch, Uri gateway, Ledger ledger, Setup setup)
    {
        ProcessStartInfo start = new(launch.Program, [Path.Combine(Repository.Root, "tests", "BudgetGuard.Frameworks.Tests", "Apps", launch.Script)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A machine with much to do answers late, and what is late passes where it fails open: the bound has cases of its own.
        start.Environment["BUDGETGUARD_TIMEOUT_MS"] = "20000";
        foreach ((string name, string? value) in launch.Environment.Concat(Environment(setup)))
        {
            start.Environment[name] = value;
        }

        start.Environment["BUDGETGUARD_URL"] = gateway.ToString().TrimEnd('/');
        start.Environment["BUDGETGUARD_KEY"] = GatewayHost.Key;
        Process process = Process.Start(start)!;
        List<string> said = [];
        TaskCompletionSource<int?> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ready.TrySetResult(null);
        process.OutputDataReceived += (_, line) => Hear(line.Data, said, ready);
        process.ErrorDataReceived += (_, line) => Hear(line.Data, said, ready);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        int? port = await ready.Task.WaitAsync(Patience);
        if (port is null)
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
            lock (said)
            {
                Assert.Fail($"{launch.Script} did not start:\n{string.Join('\n', said)}");
            }
        }

        return new ProcessApp(process, new Uri($"http://127.0.0.1:{port}"), ledger);
    }

    public void Kill() => _process.Kill(entireProcessTree: true);

    public ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Hear(string? line, List<string> said, TaskCompletionSource<int?> ready)
    {
        if (line?.StartsWith(Ready, StringComparison.Ordinal) is true)
        {
            ready.TrySetResult(int.Parse(line.AsSpan(Ready.Length), CultureInfo.InvariantCulture));
        }

        lock (said)
        {
            said.Add(line ?? string.Empty);
        }
    }

    private static Dictionary<string, string?> Environment(Setup setup) => setup switch
    {
        Setup.OnlyApi => new() { ["LEADFACTORY_INCLUDE_ONLY_PATHS"] = "/api" },
        Setup.DownOpen => new() { ["LEADFACTORY_FAIL_OPEN"] = "true" },
        Setup.DownClosed => new() { ["LEADFACTORY_FAIL_OPEN"] = "false" },
        Setup.SilentClosed => new() { ["LEADFACTORY_FAIL_OPEN"] = "false", ["BUDGETGUARD_TIMEOUT_MS"] = "300" },
        _ => [],
    };
}

/// <summary>How a framework's app is started.</summary>
/// <param name="Program">What runs it.</param>
/// <param name="Script">Its file below <c>Apps</c>.</param>
/// <param name="Environment">What it is told beside what all are.</param>
internal sealed record Launch(string Program, string Script, IReadOnlyDictionary<string, string?> Environment);
