using System.Collections.Concurrent;
using CsCheck;

namespace BudgetGuard.Tests.Accounting;

/// <summary>Real threads.</summary>
public sealed class TrackerParallelTests
{
    [Fact]
    public void T116_ParallelRequestsAtTheLimit_ExactlyAsManyAreAdmittedAsFit()
    {
        for (int round = 0; round < 100; round++)
        {
            Kit kit = new();
            AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day"), 1_000), Kit.Of(Kit.Terms("month", Kit.Calendar(BudgetPeriod.Month)), 5_000));
            int admitted = 0;
            OnThreads(8, _ =>
            {
                for (int i = 0; i < 25; i++)
                {
                    if (kit.TryHold(set, 100).Outcome == HoldOutcome.Held)
                    {
                        Interlocked.Increment(ref admitted);
                    }
                }
            });
            Assert.Equal(10, admitted);
        }
    }

    [Fact]
    public void T118_FirstRequestsOfANewUser_ShareOneAccount()
    {
        for (int round = 0; round < 100; round++)
        {
            Kit kit = new();
            BudgetTerms terms = Kit.Terms("user");
            int admitted = 0;
            OnThreads(10, _ =>
            {
                for (int i = 0; i < 5; i++)
                {
                    if (kit.TryHold(Kit.Set(Kit.Of(terms, 1, "new")), 1).Outcome == HoldOutcome.Held)
                    {
                        Interlocked.Increment(ref admitted);
                    }
                }
            });
            Assert.Equal(1, admitted);
        }
    }

    [Fact]
    public void T120_CrossedAccounts_NeverWaitForEachOther()
    {
        Kit kit = new();
        Account red = Kit.Of(Kit.Terms("red"), 1_000_000);
        Account blue = Kit.Of(Kit.Terms("blue"), 1_000_000);
        OnThreads(4, thread =>
        {
            AccountSet set = thread % 2 == 0 ? Kit.Set(red, blue) : Kit.Set(blue, red);
            for (int i = 0; i < 2_500; i++)
            {
                kit.Spend(set, 1);
            }
        });
        Assert.Equal((10_000, 10_000), (kit.Read(red).Settled, kit.Read(blue).Settled));
    }

    [Fact]
    public void T119_SixteenThreads_SumsAreExact_AndNoLimitIsEverPassed()
    {
        Kit kit = new();
        Account org = Kit.Of(Kit.Terms("org", WindowSpec.Total), 3_000);
        BudgetTerms perUser = Kit.Terms("user", WindowSpec.Total);
        Account[] users = [.. Enumerable.Range(0, 4).Select(i => Kit.Of(perUser, 900, $"u{i}"))];
        AccountSet[] sets = [.. users.Select(user => Kit.Set(user, org))];
        long settled = 0;
        OnThreads(16, thread =>
        {
            Random random = new(thread);
            for (int i = 0; i < 20_000; i++)
            {
                int amount = random.Next(1, 50);
                HoldResult held = kit.TryHold(sets[random.Next(sets.Length)], amount);
                if (held.Outcome != HoldOutcome.Held)
                {
                    continue;
                }

                if (random.Next(10) == 0)
                {
                    int actual = random.Next(0, amount + 1);
                    kit.Settle(held.Hold, actual);
                    Interlocked.Add(ref settled, actual);
                    Assert.True(kit.Read(org).Available >= 0);
                }
                else
                {
                    kit.Release(held.Hold);
                }
            }
        });
        Assert.Equal((settled, 0), (kit.Read(org).Settled, kit.Read(org).Held));
        Assert.Equal(settled, users.Sum(user => kit.Read(user).Settled));
        Assert.Equal(0, kit.Tracker.OpenHolds);
        Assert.True(settled > 2_000);
    }

    [Fact]
    public void T119_ParallelHoldsAndReleases_AnswerLikeSomeSequentialOrder() =>
        Check.SampleParallel(
            Gen.Const(() => new Recorded(new TrackerUnderTest())),
            _hold,
            _release,
            equal: Recorded.Same,
            print: r => r.ToString(),
            iter: 400,
            maxSequentialOperations: 2,
            maxParallelOperations: 4,
            threads: 2);

    /// <summary>The control: counters that add first and take back what does not fit refuse requests that fit, and the check above sees it.</summary>
    [Fact]
    public void T119_Control_AddAndTakeBack_DoesNotAnswerLikeAnySequentialOrder() =>
        Assert.Throws<CsCheckException>(() => Check.SampleParallel(
            Gen.Const(() => new Recorded(new AddAndTakeBack())),
            _hold,
            _release,
            equal: Recorded.Same,
            print: r => r.ToString(),
            iter: 20_000,
            maxSequentialOperations: 1,
            maxParallelOperations: 3,
            threads: 2));

    private static readonly GenOperation<Recorded> _hold =
        Gen.Int[1, 70].Operation<Recorded>(x => $"Hold({x})", (recorded, x) => recorded.Hold(x));

    private static readonly GenOperation<Recorded> _release =
        Gen.Int[0, 3].Operation<Recorded>(x => $"Release({x})", (recorded, x) => recorded.Release(x));

    private static void OnThreads(int count, Action<int> work)
    {
        using Barrier start = new(count);
        ConcurrentQueue<Exception> failures = new();
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                work(i);
            }
            catch (Exception failure)
            {
                failures.Enqueue(failure);
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            Assert.True(thread.Join(TimeSpan.FromMinutes(1)));
        }

        Assert.Empty(failures);
    }

    private interface ITwoLevels
    {
        bool TryHold(int amount);

        /// <summary>Gives back one of the four holds of 10 that were taken at first.</summary>
        void ReleaseTen(int which);
    }

    /// <summary>Two limits, a leaf of 100 and a root of 50, four holds of 10 to begin with, and what each call answered.</summary>
    private sealed class Recorded(ITwoLevels levels)
    {
        private readonly ConcurrentQueue<string> _answers = new();
        private readonly int[] _released = new int[4];

        public static bool Same(Recorded left, Recorded right) => left.ToString() == right.ToString();

        public void Hold(int amount) => _answers.Enqueue($"{amount}:{levels.TryHold(amount)}");

        public void Release(int which)
        {
            // Under one lock, so that a second release of the same hold does not return before the first has given it back.
            lock (_released)
            {
                if (_released[which] == 0)
                {
                    _released[which] = 1;
                    levels.ReleaseTen(which);
                }
            }
        }

        public override string ToString() => string.Join(' ', _answers.Order(StringComparer.Ordinal)) + " | " + string.Join(' ', _released);
    }

    private sealed class TrackerUnderTest : ITwoLevels
    {
        private readonly Kit _kit = new();
        private readonly AccountSet _set = Kit.Set(Kit.Of(Kit.Terms("leaf"), 100), Kit.Of(Kit.Terms("root"), 50));
        private readonly Hold[] _tens;

        public TrackerUnderTest() => _tens = [.. Enumerable.Range(0, 4).Select(_ => _kit.Hold(_set, 10))];

        public bool TryHold(int amount) => _kit.TryHold(_set, amount).Outcome == HoldOutcome.Held;

        public void ReleaseTen(int which) => _kit.Release(_tens[which]);
    }

    private sealed class AddAndTakeBack : ITwoLevels
    {
        private int _leaf = 40;
        private int _root = 40;

        public bool TryHold(int amount)
        {
            if (Interlocked.Add(ref _leaf, amount) > 100)
            {
                Interlocked.Add(ref _leaf, -amount);
                return false;
            }

            if (Interlocked.Add(ref _root, amount) > 50)
            {
                Thread.SpinWait(300);
                Interlocked.Add(ref _root, -amount);
                Interlocked.Add(ref _leaf, -amount);
                return false;
            }

            return true;
        }

        public void ReleaseTen(int which)
        {
            Interlocked.Add(ref _root, -10);
            Interlocked.Add(ref _leaf, -10);
        }
    }
}
