using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Conformance;

/// <summary>Whatever is done in whatever order, the tracker says what a naive one says that sums every figure anew from all holds there ever were.</summary>
public abstract class ModelPromises<TRig> : Promise<TRig>
    where TRig : TrackerRig, new()
{
    private static readonly TimeSpan[] _ttls = [TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.FromDays(2)];
    private static readonly int[] _steps = [1, 7, 30, 59, 61, 600, 86_400];

    private readonly List<Hold> _holds = [];

    protected virtual int Runs => 40;

    [Fact]
    public async Task Random_operations_agree_with_the_model()
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            await RunAsync(seed);
        }
    }

    private static Account[] AccountsOf(int seed)
    {
        // Each run has partitions of its own on one tracker.
        string run = $"run{seed}";
        BudgetTerms Split(BudgetTerms terms) => terms with { Per = ["User"], MaxTrackedPartitions = 100_000 };
        return
        [
            Of(Split(Terms("day", Calendar(BudgetPeriod.Day)) with { CarryDebt = true }), 10, run),
            Of(Split(Terms("tokens", Calendar(BudgetPeriod.Minute), BudgetUnit.Tokens)), 8, run),
            Of(Split(Terms("rolling", Rolling(TimeSpan.FromMinutes(1)))), 9, run),
            Of(Split(Terms("slots", unit: BudgetUnit.Concurrency)), 3, run),
            Of(Split(Terms("total", unit: BudgetUnit.Requests)), 12, run),
            Of(Split(Terms("shadow", Calendar(BudgetPeriod.Minute)) with { Enforced = false, CarryDebt = true }), 5, run),
        ];
    }

    private async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        Rig.Expired = seed % 2 == 0 ? ExpiredHolds.Charge : ExpiredHolds.Release;
        var model = new NaiveTracker(Rig.Expired, Rig.Time.GetUtcNow());
        Account[] accounts = AccountsOf(seed);
        AccountSet[] sets = [Set(accounts[0], accounts[1]), Set(accounts[2], accounts[3], accounts[4]), Set(accounts), Set(accounts[5], accounts[3]), Set(accounts[2]), Set(accounts[0])];
        _holds.Clear();
        for (int step = 0; step < 40; step++)
        {
            await StepAsync(random, model, sets);
            Account account = accounts[random.Next(accounts.Length)];
            await CompareAsync(model, account, $"Seed {seed}, step {step}");
        }

        foreach (Account account in accounts)
        {
            await CompareAsync(model, account, $"Seed {seed}");
        }

        // Nothing of this run is open when the next one begins with another policy.
        Rig.Time.Advance(TimeSpan.FromDays(2));
        await ReadAsync(accounts[0]);
    }

    private async Task StepAsync(Random random, NaiveTracker model, AccountSet[] sets)
    {
        Charge charge = Nanos(random.Next(21), random.Next(7), random.Next(3));
        int doing = random.Next(8);
        if (doing == 0)
        {
            model.Now += TimeSpan.FromSeconds(_steps[random.Next(_steps.Length)]);
            Rig.Time.SetUtcNow(model.Now);
        }
        else if (doing < 4 || _holds.Count == 0)
        {
            AccountSet set = sets[random.Next(sets.Length)];
            TimeSpan ttl = _ttls[random.Next(_ttls.Length)];
            (HoldOutcome outcome, List<string> refusing) = model.Hold(set, charge, ttl);
            HoldResult result = await Tracker.HoldAsync(new HoldRequest(set, charge, ttl), default);
            Assert.Equal(outcome, result.Outcome);
            Assert.Equal(refusing, result.Refusals.IsDefault ? [] : result.Refusals.Select(static refusal => refusal.Account.Terms.Name));
            if (outcome == HoldOutcome.Held)
            {
                _holds.Add(result.Hold);
            }
        }
        else if (random.Next(_holds.Count) is var index && model.IsRemembered(index))
        {
            await EndAsync(doing, random, model, index, charge);
        }
    }

    private async Task EndAsync(int doing, Random random, NaiveTracker model, int index, Charge charge)
    {
        switch (doing)
        {
            case 4:
                model.Settle(index, charge);
                await Tracker.SettleAsync(_holds[index], charge, default);
                break;
            case 5:
                model.Release(index);
                await Tracker.ReleaseAsync(_holds[index], default);
                break;
            case 6:
                HoldOutcome outcome = model.Extend(index, charge);
                HoldResult result = await Tracker.ExtendAsync(_holds[index], charge, default);
                Assert.Equal(outcome, result.Outcome);
                _holds[index] = outcome == HoldOutcome.Held ? result.Hold : _holds[index];
                break;
            default:
                Charge actual = Nanos(random.Next(21), random.Next(7), 1);
                model.Adjust(index, charge, actual);
                await Tracker.AdjustAsync(_holds[index], charge, actual, default);
                break;
        }
    }

    private async Task CompareAsync(NaiveTracker model, Account account, string at)
    {
        (long settled, long held, long debt) = model.Read(account);
        AccountState state = await ReadAsync(account);
        Assert.True((settled, held, debt) == (state.Settled, state.Held, state.Debt), $"{at}: {account.Terms.Name} is {state}, expected {settled} {held} {debt}");
    }
}
