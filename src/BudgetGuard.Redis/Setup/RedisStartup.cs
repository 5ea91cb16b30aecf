using System.Globalization;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// Looks at the server before the first request: one that does not answer, or is too old, stops the start; settings that may lose what was spent are told, or stop it too.
/// </summary>
internal sealed class RedisStartup(RedisSetup setup, RedisConnection connection, RedisSignals signals, TimeProvider time) : IHostedService
{
    private static readonly Version _least = new(6, 2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, string> info = await InfoAsync(cancellationToken).ConfigureAwait(false);
        string version = info.GetValueOrDefault("redis_version", "unknown");
        if (Version.TryParse(version, out Version? known) && known < _least)
        {
            throw new InvalidOperationException($"Redis at {setup.Endpoints} is version {version}; budgets need {_least} or later.");
        }

        signals.Opened(setup.Endpoints, setup.Tree, version);
        if (setup.Checks == RedisChecks.Off)
        {
            return;
        }

        List<string> risks = await RisksAsync(info, cancellationToken).ConfigureAwait(false);
        if (setup.Checks == RedisChecks.Error && risks.Count > 0)
        {
            throw new InvalidOperationException(
                $"Redis at {setup.Endpoints} may lose what was spent:\n{string.Join('\n', risks.Select(static risk => "  " + risk))}\nBudgetGuard:Redis:Checks decides if that stops the start.");
        }

        risks.ForEach(signals.Unsafe);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<Dictionary<string, string>> InfoAsync(CancellationToken cancellationToken)
    {
        try
        {
            RedisResult answer = await connection.Database.ExecuteAsync("INFO", [], CommandFlags.DemandMaster).WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
            return ((string?)answer ?? "").Split('\n', StringSplitOptions.TrimEntries)
                .Select(static line => line.Split(':', 2))
                .Where(static pair => pair.Length == 2)
                .GroupBy(static pair => pair[0])
                .ToDictionary(static pair => pair.Key, static pair => pair.First()[1]);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException)
        {
            if (IsRefusal(failure))
            {
                throw new IOException(
                    $"Redis at {setup.Endpoints} refuses the user or the password that BudgetGuard:Redis:ConnectionString gives it, or wants one and there is none.", failure);
            }

            throw new IOException($"Redis at {setup.Endpoints} does not answer. Start it, or set BudgetGuard:Redis:ConnectionString.", failure);
        }
    }

    private static bool IsRefusal(Exception? failure) =>
        failure is not null && (failure is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } || IsRefusal(failure.InnerException));

    private async Task<List<string>> RisksAsync(Dictionary<string, string> info, CancellationToken cancellationToken)
    {
        List<string> risks = [];
        string policy = info.GetValueOrDefault("maxmemory_policy", "");
        bool isBounded = long.TryParse(info.GetValueOrDefault("maxmemory"), NumberStyles.None, CultureInfo.InvariantCulture, out long memory) && memory > 0;
        if (isBounded && policy != "noeviction")
        {
            risks.Add($"maxmemory-policy is {policy}: an account that is evicted is money that was never spent; expected noeviction.");
        }

        if (info.GetValueOrDefault("aof_enabled") != "1")
        {
            risks.Add("appendonly is no: a restart forgets what was spent since the last snapshot; expected yes.");
        }
        else if (await FsyncAsync(cancellationToken).ConfigureAwait(false) is "no")
        {
            risks.Add("appendfsync is no: a crash of the machine forgets what was spent since the system last wrote; expected always or everysec.");
        }

        if (info.GetValueOrDefault("role", "master") != "master")
        {
            risks.Add("the server is a replica: only its primary can be written to.");
        }

        return risks;
    }

    /// <summary>How often it syncs its log; null where nobody may ask.</summary>
    private async Task<string?> FsyncAsync(CancellationToken cancellationToken)
    {
        try
        {
            RedisResult answer = await connection.Database.ExecuteAsync("CONFIG", ["GET", "appendfsync"], CommandFlags.DemandMaster)
                .WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
            return answer.Length == 2 ? (string?)answer[1] : null;
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException)
        {
            signals.Unsafe($"appendfsync cannot be looked at: {failure.Message}");
            return null;
        }
    }
}
