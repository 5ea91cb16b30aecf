using System.Globalization;

namespace BudgetGuard.Simulation;

/// <summary>Clients that hold, settle, release and extend, twice, too late or without ever having heard of their hold; on a tracker that may be gone at any moment.</summary>
internal sealed class Workload(Scheduler scheduler, Auditor auditor, Account[] accounts, Func<(ICostTracker Tracker, int Life)> node, bool isShared, int part = 1)
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(20);

    private readonly int[][] _indexes = [[0], [1], [0, 1]];

    // Each process has its own.
    private readonly Dictionary<(int Life, int Which), AccountSet> _sets = [];
    private int _made;

    /// <summary>How long holds last.</summary>
    public static TimeSpan HoldTtl => Ttl;

    /// <summary>One thing that a client does; it goes on as far as it can at once.</summary>
    public void Act()
    {
        Attempt? one = auditor.Attempts.Count > 0 ? auditor.Attempts[scheduler.Random.Next(auditor.Attempts.Count)] : null;
        switch (scheduler.Random.Next(12))
        {
            case < 5:
                Watch(HoldAsync());
                break;
            case < 8 when one is { IsRefused: false }:
                Watch(SettleAsync(one));
                break;
            case 8 when one is { IsRefused: false, Actual: null }:
                Watch(ReleaseAsync(one));
                break;
            case 9 when one is { Hold: not null, Actual: null, IsReleaseAsked: false }:
                Watch(ExtendAsync(one));
                break;
            case 10:
                Watch(ClaimAsync());
                break;
        }
    }

    private static bool IsExpected(Exception failure) => failure is IOException or Redis.RedisUnavailableException or TimeoutException or ObjectDisposedException or OperationCanceledException;

    private static Charge Nanos(long nanos) => new(Money.FromNanos(nanos), 0, 1);

    /// <summary>What nobody expects is a violation like any other.</summary>
    private void Watch(Task act) => act.ContinueWith(
        failed => auditor.Surprise(failed.Exception!.InnerException!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private async Task HoldAsync()
    {
        int which = scheduler.Random.Next(_indexes.Length);
        (ICostTracker tracker, int life) = node();

        // With a name it is asked for from all nodes: fewer of those where nodes decide by themselves.
        HoldId name = scheduler.Random.Next(2 * part) == 0 ? new HoldId(7, (ulong)++_made) : default;

        // Now and then one asks for more than one of its accounts ever has.
        long amount = scheduler.Random.Next(8 * part) == 0 ? 700 : scheduler.Random.Next(1, 120 / part);
        var attempt = new Attempt(auditor.Attempts.Count, _indexes[which], amount, name, life) { Since = scheduler.Steps };
        auditor.Add(attempt);
        try
        {
            HoldResult result = await tracker.HoldAsync(new HoldRequest(SetOf(life, which), Nanos(amount), Ttl, name), CancellationToken.None);
            if (result.Outcome == HoldOutcome.Held)
            {
                auditor.Held(attempt, result.Hold);
            }
            else if (result.Outcome == HoldOutcome.Refused)
            {
                auditor.Refused(attempt, result.Refusals.Select(refusal => Array.FindIndex(accounts, account => account.Key == refusal.Account.Key)));
            }
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // Its client does not know; the auditor knows what may be.
        }
    }

    private async Task SettleAsync(Attempt one)
    {
        (ICostTracker tracker, int life) = node();
        if (HoldOf(one, life) is not { } hold || one.IsReleaseAsked || !IsKnownTo(life, one))
        {
            return;
        }

        long actual = one.Actual ??= scheduler.Random.Next(0, 160 / part);
        one.Tellers.Add(life);
        try
        {
            await tracker.SettleAsync(hold, Nanos(actual), CancellationToken.None);
            one.IsSettled = true;
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // It counts all the same, unless its node is gone.
        }
    }

    private async Task ReleaseAsync(Attempt one)
    {
        (ICostTracker tracker, int life) = node();
        if (HoldOf(one, life) is not { } hold || !IsKnownTo(life, one))
        {
            return;
        }

        one.IsReleaseAsked = true;
        one.Tellers.Add(life);
        try
        {
            await tracker.ReleaseAsync(hold, CancellationToken.None);
            one.IsReleased = true;
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // As a settlement.
        }
    }

    private async Task ExtendAsync(Attempt one)
    {
        long more = scheduler.Random.Next(1, 40 / part);
        (ICostTracker tracker, int life) = node();
        if (!IsKnownTo(life, one))
        {
            return;
        }

        one.MayHaveGrown += more;
        try
        {
            HoldResult result = await tracker.ExtendAsync(HoldOf(one, life)!.Value, Nanos(more), CancellationToken.None);
            one.MayHaveGrown -= more;
            if (result.Outcome == HoldOutcome.Held)
            {
                one.Amount += more;
                one.Hold = one.Hold!.Value with { Amount = Nanos(one.Amount) };
            }
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // It may have grown.
        }
    }

    private async Task ClaimAsync()
    {
        string subject = scheduler.Random.Next(6).ToString(CultureInfo.InvariantCulture);
        try
        {
            if (await node().Tracker.ClaimAlertAsync(new AlertClaim { Type = AlertTypes.ThresholdReached, Subject = subject }, CancellationToken.None))
            {
                auditor.Claimed(subject);
            }
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // Nobody has it then.
        }
    }

    /// <summary>Where holds without a name are known to their process alone, nobody asks another for them.</summary>
    private bool IsKnownTo(int life, Attempt one) => isShared || one.Name != default || one.Life == life;

    /// <summary>What a client knows its hold by: the hold, or the name it gave it, also where it never heard of it.</summary>
    private Hold? HoldOf(Attempt one, int life)
    {
        AccountSet set = SetOf(life, Array.FindIndex(_indexes, index => index.SequenceEqual(one.Accounts)));
        return one.Hold is { } hold ? hold with { Accounts = set } : one.Name == default ? null : new Hold(one.Name, set, Nanos(one.Amount));
    }

    private AccountSet SetOf(int life, int which)
    {
        if (!_sets.TryGetValue((life, which), out AccountSet? set))
        {
            _sets.Add((life, which), set = new AccountSet([.. _indexes[which].Select(i => accounts[i])]));
        }

        return set;
    }
}
