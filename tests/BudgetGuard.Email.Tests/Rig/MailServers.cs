using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace BudgetGuard.Email.Tests.Rig;

/// <summary>Real mail servers, of the packages smtp-server and mailparser for Node: one process for all tests, a server for each.</summary>
public sealed class MailServers : IAsyncLifetime
{
    /// <summary>Only a test that has failed meets it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<int, Channel<JsonElement>> _told = new();
    private readonly Process _process;
    private Task _reading = Task.CompletedTask;
    private int _opened;

    public MailServers()
    {
        string folder = Path.Combine(Repository.Root, "tests", "BudgetGuard.Email.Tests", "Node");
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules")), "The Node packages are not installed: tests/run.sh does it, or 'npm ci' in tests/BudgetGuard.Email.Tests/Node.");
        ProcessStartInfo start = new("node", [Path.Combine(folder, "server.mjs")]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
    }

    public Task InitializeAsync()
    {
        _reading = ReadAsync();
        return Task.CompletedTask;
    }

    /// <summary>Opens a server that follows a script; see server.mjs.</summary>
    public async Task<MailServer> OpenAsync(JsonObject script)
    {
        int id = Interlocked.Increment(ref _opened);
        Channel<JsonElement> told = _told.GetOrAdd(id, static _ => Channel.CreateUnbounded<JsonElement>());
        await _process.StandardInput.WriteLineAsync(new JsonObject { ["id"] = id, ["open"] = script }.ToJsonString());
        await _process.StandardInput.FlushAsync();
        JsonElement opened = await told.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.Equal("open", opened.GetProperty("kind").GetString());
        return new MailServer(opened.GetProperty("port").GetInt32(), told.Reader);
    }

    public async Task DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }
        finally
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            JsonElement said = JsonElement.Parse(line);
            await _told[said.GetProperty("id").GetInt32()].Writer.WriteAsync(said);
        }

        foreach (Channel<JsonElement> told in _told.Values)
        {
            told.Writer.TryComplete();
        }
    }
}

/// <summary>All tests that use the servers, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharesMailServers : ICollectionFixture<MailServers>
{
    public const string Name = "Mail servers";
}
