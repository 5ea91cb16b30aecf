using System.Collections.Immutable;
using CsCheck;

namespace BudgetGuard.Tests.Accounting;

/// <summary>The tracker against the naive one: whatever is done in whatever order, both say the same.</summary>
public sealed class ModelTests
{
    private static readonly BudgetTerms _day = Kit.Terms("day") with { CarryDebt = true };
    private static readonly BudgetTerms _tokens = Kit.Terms("tokens", Kit.Calendar(BudgetPeriod.Minute), BudgetUnit.Tokens);
    private static readonly BudgetTerms _rolling = Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromMinutes(1)));
    private static readonly BudgetTerms _slots = Kit.Terms("slots", WindowSpec.Total, BudgetUnit.Concurrency);
    private static readonly BudgetTerms _total = Kit.Terms("total", WindowSpec.Total, BudgetUnit.Requests);
    private static readonly BudgetTerms _user = Kit.Terms("user");
    private static readonly BudgetTerms _shadow = Kit.Terms("shadow", Kit.Calendar(BudgetPeriod.Minute)) with { Enforced = false, CarryDebt = true };

    private static readonly Account[] _accounts =
    [
        Kit.Of(_day, 10), Kit.Of(_tokens, 8), Kit.Of(_rolling, 9), Kit.Of(_slots, 3), Kit.Of(_total, 12),
        Kit.Of(_user, 6, "alice"), Kit.Of(_user, 6, "bob"), Kit.Of(_shadow, 5),
    ];

    private static readonly TimeSpan[] _ttls = [TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.FromDays(2)];
    private static readonly int[] _steps = [1, 7, 30, 59, 61, 600, 86_400];

    private enum Doing
    {
        Hold,
        HoldAndSettle,
        Settle,
        Release,
        Extend,
        Adjust,
        Advance,
        Read,
    }

    [Fact]
    public void T119_AnySequenceOfCalls_AgreesWithTheModel() =>
        Gen.Select(Gen.Int[0, 1], Gen.Bool, Gen.Select(Gen.Int[0, 7], Gen.Int[0, 20], Gen.Int[0, 6], Gen.Int[0, 6]).Array[1, 16])
            .Sample((expired, asksForTheCommon, steps) => new Run((ExpiredHolds)expired, asksForTheCommon).Do(steps), iter: 100_000, threads: 2);

    private sealed class Run(ExpiredHolds expired, bool asksForTheCommon)
    {
        private readonly Kit _kit = new(expired) { AsksForTheCommon = asksForTheCommon };
        private readonly NaiveTracker _model = new(expired, Kit.Start);
        private readonly List<Hold> _holds = [];

        // Own sets for each run: what a tracker remembers in a set is its own.
        private readonly AccountSet[] _sets =
        [
            SetOf(0, 1, 5), SetOf(2, 3, 6, 4), SetOf(0, 1, 2, 3, 4, 5, 7), SetOf(7, 3), SetOf(2), SetOf(5), SetOf(0),
        ];

        public void Do((int Doing, int Which, int Amount, int Other)[] steps)
        {
            foreach ((int doing, int which, int amount, int other) in steps)
            {
                Step((Doing)doing, which, amount, other);
            }

            foreach (Account account in _accounts)
            {
                Compare(account);
            }

            Assert.True(_kit.Tracker.OpenHolds <= _holds.Count);
        }

        private static AccountSet SetOf(params int[] indexes) => Kit.Set([.. indexes.Select(i => _accounts[i])]);

        private void Step(Doing doing, int which, int amount, int other)
        {
            if (doing == Doing.Advance)
            {
                _model.Now += TimeSpan.FromSeconds(_steps[other]);
                _kit.Clock.SetUtcNow(_model.Now);
                return;
            }

            Charge charge = Kit.Nanos(amount, other, amount % 3);
            if (doing is Doing.Hold or Doing.HoldAndSettle)
            {
                Hold(_sets[which % _sets.Length], charge, _ttls[which % 3]);
            }

            if (doing == Doing.Read)
            {
                Compare(_accounts[which % _accounts.Length]);
            }

            if (_holds.Count > 0 && doing is not (Doing.Hold or Doing.Read))
            {
                int index = doing == Doing.HoldAndSettle ? _holds.Count - 1 : which % _holds.Count;
                if (_model.IsRemembered(index))
                {
                    OnHold(doing, index, charge, other);
                }
            }
        }

        private void Hold(AccountSet set, Charge charge, TimeSpan ttl)
        {
            (HoldOutcome outcome, List<string> refusing) = _model.Hold(set, charge, ttl);
            HoldResult result = _kit.TryHold(set, charge, ttl);
            ImmutableArray<Refusal> refusals = result.Refusals.IsDefault ? [] : result.Refusals;
            Assert.Equal(outcome, result.Outcome);
            Assert.Equal(refusing, refusals.Select(r => r.Account.Terms.Name));
            if (outcome == HoldOutcome.Held)
            {
                _holds.Add(result.Hold);
                Account tightest = set.Accounts[result.Tightest];
                (long settled, long held, long debt) = _model.Read(tightest);
                Assert.Equal(tightest.Limit - settled - held - debt, result.Remaining);
            }
        }

        private void OnHold(Doing doing, int index, Charge charge, int other)
        {
            AccountSet set = _holds[index].Accounts;
            long[] before = [.. set.Accounts.Select(LeftInModel)];
            long freed = _kit.Tracker.ReadFreedVersion(set);
            switch (doing)
            {
                case Doing.Release:
                    _model.Release(index);
                    _kit.Release(_holds[index]);
                    break;
                case Doing.Extend:
                    HoldOutcome outcome = _model.Extend(index, charge);
                    HoldResult result = Kit.Now(_kit.Tracker.ExtendAsync(_holds[index], charge, CancellationToken.None));
                    Assert.Equal(outcome, result.Outcome);
                    _holds[index] = outcome == HoldOutcome.Held ? result.Hold : _holds[index];
                    break;
                case Doing.Adjust:
                    Charge actual = Kit.Nanos(other, charge.Tokens / 2, 1);
                    _model.Adjust(index, charge, actual);
                    Kit.Now(_kit.Tracker.AdjustAsync(_holds[index], charge, actual, CancellationToken.None));
                    break;
                case Doing.Settle or Doing.HoldAndSettle:
                    _model.Settle(index, charge);
                    Kit.Now(_kit.Tracker.SettleAsync(_holds[index], charge, CancellationToken.None));
                    break;
            }

            if (set.Accounts.Where((a, i) => LeftInModel(a) > before[i]).Any())
            {
                Assert.NotEqual(freed, _kit.Tracker.ReadFreedVersion(set));
            }
        }

        private long LeftInModel(Account account)
        {
            (long settled, long held, long debt) = _model.Read(account);
            return account.Limit - settled - held - debt;
        }

        private void Compare(Account account)
        {
            (long settled, long held, long debt) = _model.Read(account);
            AccountState state = _kit.Read(account);
            Assert.Equal((account.Terms.Name, settled, held, debt), (account.Terms.Name, state.Settled, state.Held, state.Debt));
        }
    }
}
