using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Killing;

/// <summary>A gateway that is a process of its own, with budgets in a file, to be killed and started again.</summary>
internal sealed class KilledGateway : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private KilledGateway(Process process, Uri address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = address, Timeout = Patience };
    }

    public HttpClient Client { get; }

    public static Task<KilledGateway> StartAsync(FakeProvider provider, string file, string guard, params (string Key, string Value)[] settings) =>
        StartAsync(provider, file, guard, commitTakes: null, settings);

    /// <summary>As the other, on a disk whose commits take at least so long.</summary>
    public static async Task<KilledGateway> StartAsync(
        FakeProvider provider, string file, string guard, TimeSpan? commitTakes, params (string Key, string Value)[] settings)
    {
        Dictionary<string, string?> all = new()
        {
            ["Gateway:Store"] = "Sqlite",
            ["Gateway:ConnectionString"] = $"Data Source={file}",

            // Only what a crash does is looked for here, and no machine that is too slow for its disk.
            ["BudgetGuard:StoreTimeout"] = "00:00:30",
            ["Serilog:WriteTo:0:Name"] = "Console",
            ["Serilog:MinimumLevel:Default"] = "Warning",
            ["Serilog:MinimumLevel:Override:Microsoft.Hosting.Lifetime"] = "Information",
        };
        foreach ((string key, string value) in settings)
        {
            all[key] = value;
        }

        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(file)! };
        if (commitTakes is { } delay)
        {
            // The program itself, which finds this assembly too and lets it in before it adds anything.
            start.Environment[SlowDisk.Variable] = delay.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
            start.Environment["ASPNETCORE_HOSTINGSTARTUPASSEMBLIES"] = typeof(SlowDisk).Assembly.GetName().Name;
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add("--depsfile");
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "BudgetGuard.Gateway.Tests.deps.json"));
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "BudgetGuard.Gateway.dll"));
        foreach (string argument in GatewayUnderTest.Arguments(provider.Address, guard, all))
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start)!;
        try
        {
            return new KilledGateway(process, await ListeningAsync(process).WaitAsync(Patience));
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    public void Kill() => _process.Kill();

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>What a user, or everybody, has settled and held of a budget, in nano-dollars.</summary>
    public async Task<(long Settled, long Held, long Limit)> AccountAsync(string budget, string? user)
    {
        JsonElement[] rows = (await Client.GetFromJsonAsync<JsonElement[]>(new Uri($"/budgetguard/api/accounts?budget={budget}{(user is null ? "" : $"&user={user}")}", UriKind.Relative)))!;
        JsonElement row = Assert.Single(rows);
        return (Nano(row, "settled"), Nano(row, "held"), Nano(row, "limit"));
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static long Nano(JsonElement row, string name) => (long)(row.GetProperty(name).GetDecimal() * 1_000_000_000m);

    private static async Task<Uri> ListeningAsync(Process process)
    {
        const string Before = "Now listening on: ";
        List<string> told = [];
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            told.Add(line);
            if (line.IndexOf(Before, StringComparison.Ordinal) is >= 0 and var at)
            {
                _ = process.StandardOutput.ReadToEndAsync();
                _ = process.StandardError.ReadToEndAsync();
                return new Uri(line[(at + Before.Length)..].Trim().Trim('"'));
            }
        }

        throw new InvalidOperationException($"The gateway did not start:\n{string.Join('\n', told)}\n{await process.StandardError.ReadToEndAsync()}");
    }
}
