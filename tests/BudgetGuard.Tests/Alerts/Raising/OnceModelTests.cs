using BudgetGuard.Accounting;
using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>Random operations against a naive model of what must be told, and how often.</summary>
public sealed class OnceModelTests
{
    private const int Steps = 4_000;

    private static readonly decimal[] _shares = [0.5m, 0.8m, 1m];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void T173_Random_operations_tell_each_share_once_and_end_only_what_was_told(int seed)
    {
        Walk walk = new(seed);
        for (int step = 0; step < Steps; step++)
        {
            walk.Step(step);
        }

        // A walk that tells nothing would prove nothing.
        Assert.All((int[])[walk.Thresholds, walk.Refusals, walk.Recoveries], count => Assert.InRange(count, 50, Steps * 3));
    }

    private sealed class Walk
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly Kit _kit = new(at: new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero));
        private readonly Modelled[] _accounts;
        private readonly HashSet<(AccountKey Account, AccountEventKind Kind, NoticeKind Notice, decimal Share, long Since, int Round)> _told = [];
        private readonly HashSet<(AccountKey Account, NoticeKind Notice, long Since)> _open = [];
        private int _heard;

        public Walk(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            BudgetTerms day = Plain("day", Kit.Calendar(BudgetPeriod.Day));
            BudgetTerms total = Plain("total", Kit.Calendar(BudgetPeriod.Total));
            BudgetTerms hour = Plain("hour", Kit.Rolling(TimeSpan.FromHours(1)));
            _accounts = [new(day, "a"), new(day, "b"), new(total, "a"), new(total, "b"), new(hour, "a"), new(hour, "b")];
        }

        public int Thresholds { get; private set; }

        public int Refusals { get; private set; }

        public int Recoveries { get; private set; }

        public void Step(int step)
        {
            string where = $"seed {_seed}, step {step}";
            Modelled one = _accounts[_random.Next(_accounts.Length)];
            switch (_random.Next(12))
            {
                case 0:
                    Reload(one, one.Limit > 100_000 ? 1_000 : one.Limit * _random.Next(101, 200) / 100);
                    break;
                case 1:
                    Reload(one, Math.Max(200, one.Limit * _random.Next(50, 100) / 100));
                    break;
                case 2 or 3 when one.Spent.Count > 0:
                    Adjust(one);
                    break;
                case 4 when _random.Next(8) == 0:
                    NextWindow();
                    break;
                case 5:
                    _kit.Clock.Advance(TimeSpan.FromSeconds(_random.Next(1, 20)));
                    break;
                case 6 when _kit.TryHold(one.Set, _random.Next(1, 300)) is { Outcome: HoldOutcome.Held } held:
                    _kit.Release(held.Hold);
                    break;
                case 7 when one.LastTold is { } last:
                    GiveBack(one, last);
                    break;
                default:
                    Spend(one);
                    break;
            }

            Hear(where);
            _kit.Tracker.Scan();
            Hear(where);
            foreach (Modelled account in _accounts.Where(static account => !account.IsRolling && account.Again is null))
            {
                Assert.True(account.Reached <= account.Share, $"{where}: {account} reached {account.Reached}, told {account.Share}");
            }
        }

        private static BudgetTerms Plain(string name, WindowSpec window) =>
            Kit.Terms(name, window) with { AlertAt = [.. _shares], ForecastAt = 0, SpikeFactor = 0 };

        /// <summary>The account hears of a new limit with its next request.</summary>
        private void Reload(Modelled one, long limit)
        {
            one.Reload(limit);
            if (_kit.TryHold(one.Set, 0) is { Outcome: HoldOutcome.Held } held)
            {
                _kit.Release(held.Hold);
            }
        }

        private void Spend(Modelled one)
        {
            long amount = _random.Next(1, (int)Math.Max(2, one.Limit / 4));
            if (_kit.TryHold(one.Set, amount) is { Outcome: HoldOutcome.Held } held)
            {
                long actual = _random.Next(3) == 0 ? _random.NextInt64(amount + 1) : amount;
                one.Used += actual;
                one.Again = null;
                one.Spent.Add((held.Hold, actual));
                _kit.Settle(held.Hold, actual);
            }
        }

        private void Adjust(Modelled one)
        {
            int which = _random.Next(one.Spent.Count);
            (Hold hold, long before) = one.Spent[which];
            long after = _random.NextInt64(before + 1);
            one.Spent[which] = (hold, after);
            one.Used += after - before;
            _kit.Adjust(hold, before, after);
        }

        private void NextWindow()
        {
            // At an instant at which the calendar day is over and the rolling hour empty.
            DateTimeOffset now = _kit.Clock.GetUtcNow();
            _kit.Clock.Advance(now.Date.AddDays(1).AddMinutes(1) - now.DateTime);
            foreach (Modelled account in _accounts.Where(static account => !account.IsTotal))
            {
                account.Used = 0;
                account.Share = 0;
                account.Again = null;
                account.LastTold = null;
                account.Spent.Clear();
            }
        }

        private void GiveBack(Modelled one, AccountEvent last)
        {
            AlertClaim claim = new()
            {
                Type = AlertTypes.ThresholdReached,
                Account = one.Account,
                Threshold = last.Threshold,
                WindowStart = new DateTimeOffset(last.Since, TimeSpan.Zero),
                Round = last.Round,
            };
            Assert.True(Kit.Now(_kit.Tracker.ClaimAlertAsync(claim, CancellationToken.None)));
            Kit.Now(_kit.Tracker.ReleaseAlertAsync(claim, CancellationToken.None));
            one.Again = last.Threshold;
            one.LastTold = null;
            _told.Remove((last.Account.Key, last.Kind, last.Notice, last.Threshold, last.Since, last.Round));
        }

        private void Hear(string where)
        {
            for (; _heard < _kit.Events.Count; _heard++)
            {
                AccountEvent told = _kit.Events[_heard];
                Modelled one = _accounts.Single(account => account.Account.Key.Equals(told.Account.Key));
                string what = $"{where}: {one}: {told.Kind} {told.Notice} {told.Threshold} round {told.Round}";
                (AccountKey Key, NoticeKind Notice, long Since) incident = (told.Account.Key, told.Notice, told.Since);
                switch (told.Kind)
                {
                    case AccountEventKind.ThresholdReached:
                        Thresholds++;
                        Assert.True(one.IsRolling || told.Threshold == one.Reached, what + $" but reached {one.Reached}");
                        Assert.True(_told.Add((told.Account.Key, told.Kind, told.Notice, told.Threshold, told.Since, told.Round)), what + " again");
                        _open.Add(incident);
                        one.Share = told.Threshold;
                        one.LastTold = told;
                        one.Again = null;
                        break;
                    case AccountEventKind.Refused:
                        Refusals++;
                        Assert.True(_told.Add((told.Account.Key, told.Kind, told.Notice, 0, told.Since, told.Round)), what + " again");
                        if (told.Notice == NoticeKind.Exceeded)
                        {
                            _open.Add(incident);
                        }

                        break;
                    case AccountEventKind.Recovered:
                        Recoveries++;
                        Assert.True(_open.Remove(incident), what + " but nothing was open");
                        if (told.Notice == NoticeKind.Threshold)
                        {
                            one.Share = one.Reached;
                            one.LastTold = null;
                            one.Again = null;
                        }

                        break;
                }
            }
        }
    }

    private sealed class Modelled(BudgetTerms terms, string partition)
    {
        private readonly string _partition = partition;

        public BudgetTerms Terms { get; private set; } = terms;

        public long Limit { get; private set; } = 1_000;

        public long Used { get; set; }

        /// <summary>The highest share that was told and is not over.</summary>
        public decimal Share { get; set; }

        /// <summary>The share that was given back, and is told again at the next use.</summary>
        public decimal? Again { get; set; }

        public AccountEvent? LastTold { get; set; }

        public List<(Hold Hold, long Actual)> Spent { get; } = [];

        public bool IsRolling => Terms.Window.Rolling is not null;

        public bool IsTotal => Terms.Window.Period == BudgetPeriod.Total && !IsRolling;

        public Account Account => Kit.Of(Terms, Limit, _partition);

        public AccountSet Set => Kit.Set(Account);

        public decimal Reached => _shares.LastOrDefault(share => Used >= share * Limit);

        public void Reload(long limit)
        {
            Limit = limit;
            Terms = Terms with { };
        }

        public override string ToString() => $"{Terms.Name}/{_partition} {Used} of {Limit}";
    }
}
