using System.Globalization;
using BudgetGuard.Redis;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace BudgetGuard.Simulation;

/// <summary>
/// A server that runs the real scripts, each when the seed says so, with the run's clock. What it did is in a log, so that it can lose the last of it. Scripts can be
/// changed before they run, to plant a bug.
/// </summary>
internal sealed class SimulatedRedis(IDatabase database, FakeTimeProvider time, Func<string, string, string> plant)
{
    private readonly Dictionary<string, byte[]> _loaded = [];
    private readonly List<(RedisScript Script, RedisKey[] Keys, RedisValue[] Arguments)> _log = [];

    public RedisResult Run(RedisScript script, RedisKey[] keys, RedisValue[] arguments)
    {
        RedisValue[] sent = [.. arguments];
        if (!sent[0].IsNullOrEmpty)
        {
            // The server's clock counts, and not what a node thinks.
            sent[0] = RedisTime.Of(time.GetUtcNow().UtcTicks);
        }

        _log.Add((script, keys, sent));
        return Evaluate(script, keys, sent);
    }

    public void Clear() => database.Execute("FLUSHDB");

    /// <summary>What is settled, held and owed of an account.</summary>
    public long UsedOf(RedisAccount account)
    {
        string? figures = database.HashGet(account.Own, "f");
        return figures?.Split(' ').Skip(3).Take(3).Sum(static one => long.Parse(one, CultureInfo.InvariantCulture)) ?? 0;
    }

    /// <summary>Forgets its latest writes.</summary>
    public void Lose(int writes)
    {
        Clear();
        _log.RemoveRange(Math.Max(0, _log.Count - writes), Math.Min(writes, _log.Count));
        foreach ((RedisScript script, RedisKey[] keys, RedisValue[] arguments) in _log)
        {
            Evaluate(script, keys, arguments);
        }
    }

    private RedisResult Evaluate(RedisScript script, RedisKey[] keys, RedisValue[] arguments)
    {
        if (!_loaded.TryGetValue(script.Name, out byte[]? digest))
        {
            _loaded[script.Name] = digest = (byte[])LuaScriptOf(plant(script.Name, script.Text))!;
        }

        return database.ScriptEvaluate(digest, keys, arguments);
    }

    private byte[] LuaScriptOf(string text) => Convert.FromHexString((string)database.Execute("SCRIPT", "LOAD", text)!);
}

/// <summary>The way of one node to the server, on which all that can go wrong does.</summary>
internal sealed class SimulatedTransport(Scheduler scheduler, SimulatedRedis server, Func<Faults> faults) : IRedisTransport
{
    /// <summary>True once its node is dead: nothing comes back to it, though what it sent may still arrive.</summary>
    public bool IsDead { get; set; }

    public ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        // Goes on inside the step that answers.
        var answer = new TaskCompletionSource<RedisResult>();
        RedisValue[] sent = [.. arguments];
        if (!IsDead)
        {
            scheduler.Add(() => Arrive(script, keys, sent, answer));
        }

        return new ValueTask<RedisResult>(answer.Task);
    }

    private static RedisUnavailableException Lost(bool wasSent) => new("The network of the simulation.", wasSent);

    private void Arrive(RedisScript script, RedisKey[] keys, RedisValue[] arguments, TaskCompletionSource<RedisResult> answer)
    {
        Faults now = faults();
        if (scheduler.Chance(now.LosesRequest))
        {
            Answer(() => answer.TrySetException(Lost(wasSent: true)));
            return;
        }

        if (scheduler.Chance(now.DelaysRequest))
        {
            scheduler.Add(() => server.Run(script, keys, arguments));
            Answer(() => answer.TrySetException(Lost(wasSent: true)));
            return;
        }

        RedisResult reply;
        try
        {
            reply = server.Run(script, keys, arguments);
        }
        catch (RedisServerException failure)
        {
            Answer(() => answer.TrySetException(failure));
            return;
        }

        // What ends a hold is told as often as it takes. What begins one is never sent twice: a second try could succeed where who asked was told of the first.
        if (script.Name is "finish" or "unknown" && scheduler.Chance(now.Duplicates))
        {
            scheduler.Add(() => server.Run(script, keys, arguments));
        }

        bool isLost = scheduler.Chance(now.LosesReply);
        scheduler.Add(() => Answer(() =>
        {
            if (isLost)
            {
                answer.TrySetException(Lost(wasSent: true));
            }
            else
            {
                answer.TrySetResult(reply);
            }
        }));
    }

    private void Answer(Action answer)
    {
        if (!IsDead)
        {
            answer();
        }
    }
}
