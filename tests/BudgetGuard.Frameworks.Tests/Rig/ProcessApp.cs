using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>A framework's app in a process of its own.</summary>
internal sealed class ProcessApp : IFrameworkApp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ProcessApp(Process process, Uri address, Ledger ledger)
    {
        _process = process;
        Ledger = ledger;
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { BaseAddress = address, Timeout = Patience };
    }

    public HttpClient Client { get; }

    public Ledger Ledger { get; }

    public static async Task<ProcessApp> StartAsync(Launch launch, Uri gateway, Ledger ledger, Setup setup)
    {
        int port = FreePort();
        ProcessStartInfo start = new(launch.Program, [Path.Combine(Repository.Root, "tests", "BudgetGuard.Frameworks.Tests", "Apps", launch.Script)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string? value) in launch.Environment.Concat(Environment(setup)))
        {
            start.Environment[name] = value;
        }

        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        start.Environment["BUDGETGUARD_URL"] = gateway.ToString().TrimEnd('/');
        start.Environment["BUDGETGUARD_KEY"] = GatewayHost.Key;
        Process process = Process.Start(start)!;
        List<string> said = [];
        process.ErrorDataReceived += (_, line) =>
        {
            lock (said)
            {
                said.Add(line.Data ?? string.Empty);
            }
        };
        process.BeginErrorReadLine();
        string? first = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        if (first != "ready")
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
            lock (said)
            {
                Assert.Fail($"{launch.Script} did not start: {first}\n{string.Join('\n', said)}");
            }
        }

        // Whatever else it says is read, so that it never waits for a full pipe.
        process.BeginOutputReadLine();
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

    private static Dictionary<string, string?> Environment(Setup setup) => setup switch
    {
        Setup.OnlyApi => new() { ["LEADFACTORY_INCLUDE_ONLY_PATHS"] = "/api" },
        Setup.DownOpen => new() { ["LEADFACTORY_FAIL_OPEN"] = "true" },
        Setup.DownClosed or Setup.SilentClosed => new() { ["LEADFACTORY_FAIL_OPEN"] = "false" },
        _ => [],
    };

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>How a framework's app is started.</summary>
/// <param name="Program">What runs it.</param>
/// <param name="Script">Its file below <c>Apps</c>.</param>
/// <param name="Environment">What it is told beside what all are.</param>
internal sealed record Launch(string Program, string Script, IReadOnlyDictionary<string, string?> Environment);
