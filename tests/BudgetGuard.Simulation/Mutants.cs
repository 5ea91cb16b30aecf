using System.Collections.Immutable;

namespace BudgetGuard.Simulation;

/// <summary>Bugs to plant: what others have had, and what this could have.</summary>
internal static class Mutants
{
    /// <summary>A settlement that comes before its hold is forgotten.</summary>
    public static RedisRun LosesEarlySettlements { get; } = new() { Plant = In("unknown", "if op == 'D' and s.amount < 0 then", "if op == 'S' then\n  elseif op == 'D' and s.amount < 0 then") };

    /// <summary>A release that comes before its hold is forgotten, and the hold comes and stays.</summary>
    public static RedisRun ForgetsEarlyReleases { get; } = new() { Plant = In("unknown", "write(KEYS[1], hold, ARGV[3])", "if op ~= 'R' then write(KEYS[1], hold, ARGV[3]) end") };

    /// <summary>A hold that has expired takes no settlement any more.</summary>
    public static RedisRun RefusesLateSettlements { get; } = new() { Plant = In("finish", "local rank = {H = 0, X = 1, R = 2, S = 3}", "local rank = {H = 0, X = 4, R = 2, S = 3}") };

    /// <summary>Accounts are held one after the other, and given back where one of them refuses.</summary>
    public static RedisRun ShowsItsRollback { get; } = new() { Wrap = static tracker => new OneByOne(tracker), HasFaults = false };

    /// <summary>What is borrowed is spent after its time, by a clock that stands still while the node does.</summary>
    public static RedisRun SpendsAfterExpiry { get; } = new() { Borrows = true, StopsClocks = true };

    /// <summary>What was spent of a part is forgotten when the part is renewed.</summary>
    public static RedisRun ForgetsAtRenewal { get; } = new() { Borrows = true, Plant = In("extend", "move(a, entry, held, entry.settled)", "move(a, entry, held, 0)") };

    /// <summary>Two nodes that look at the same time both have the alert.</summary>
    public static RedisRun ClaimsTwice { get; } = new() { Plant = In("claim", "call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[3])", "call('SET', KEYS[1], '1', 'PX', ARGV[3])") };

    private static Func<string, string, string> In(string script, string right, string wrong) => (name, text) =>
    {
        if (name != script)
        {
            return text;
        }

        Assert.Contains(right, text, StringComparison.Ordinal);
        return text.Replace(right, wrong, StringComparison.Ordinal);
    };

    private sealed class OneByOne(ICostTracker inner) : ICostTracker
    {
        public async ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken)
        {
            ImmutableArray<Account> accounts = request.Accounts.Accounts;
            List<Hold> taken = [];
            foreach (Account account in accounts.Reverse())
            {
                HoldResult result = await inner.HoldAsync(request with { Accounts = new AccountSet([account]), Id = default }, cancellationToken);
                if (result.Outcome != HoldOutcome.Held)
                {
                    foreach (Hold hold in taken)
                    {
                        await inner.ReleaseAsync(hold, cancellationToken);
                    }

                    return result;
                }

                taken.Add(result.Hold);
            }

            foreach (Hold hold in taken)
            {
                await inner.ReleaseAsync(hold, cancellationToken);
            }

            return await inner.HoldAsync(request, cancellationToken);
        }

        public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken) => inner.ExtendAsync(hold, more, cancellationToken);

        public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken) => inner.SettleAsync(hold, actual, cancellationToken);

        public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken) => inner.AdjustAsync(hold, settled, actual, cancellationToken);

        public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken) => inner.ReleaseAsync(hold, cancellationToken);

        public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) => inner.ReadAsync(account, cancellationToken);

        public long ReadFreedVersion(AccountSet accounts) => inner.ReadFreedVersion(accounts);

        public ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => inner.ClaimAlertAsync(claim, cancellationToken);
    }
}
