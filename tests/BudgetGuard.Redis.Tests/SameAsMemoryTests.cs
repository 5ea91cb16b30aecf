using BudgetGuard.Accounting;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Redis.Tests;

/// <summary>Whatever is done, the tracker in Redis says what the one in memory says.</summary>
public sealed class SameAsMemoryTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(0, 20)]
    [InlineData(100, 20)]
    [InlineData(200, 20)]
    [InlineData(300, 20)]
    public async Task Random_operations_have_the_same_outcome(int first, int seeds)
    {
        for (int seed = first; seed < first + seeds; seed++)
        {
            await RunAsync(seed);
        }
    }

    private async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 28, 22, 30, 0, TimeSpan.Zero));
        ExpiredHolds expired = random.Next(2) == 0 ? ExpiredHolds.Charge : ExpiredHolds.Release;
        await using Node node = await Node.StartAsync(redis.Server.Address, time, RedisFixture.NewTree(), sendsTime: true, () => expired);
        var memory = new InMemoryCostTracker(time, () => expired);
        BudgetTerms[] terms =
        [
            Terms("minute", BudgetPeriod.Minute, carryDebt: true), Terms("day", BudgetPeriod.Day, carryDebt: true, zone: "Europe/Berlin"),
            Terms("hour", BudgetPeriod.Hour), Terms("total", BudgetPeriod.Total), Terms("roll", rolling: TimeSpan.FromMinutes(5)),
            Terms("slots", unit: BudgetUnit.Concurrency), Terms("tokens", BudgetPeriod.Week, BudgetUnit.Tokens), Terms("shadow", BudgetPeriod.Hour, enforced: false),
        ];
        AccountSet[] sets = [.. Enumerable.Range(0, 10).Select(_ => SetOf(random, terms))];
        List<(Hold Redis, Hold Memory)> holds = [];
        ulong name = 0;
        bool isReset = false;
        for (int step = 0; step < 60; step++)
        {
            string at = $"Seed {seed}, step {step}";
            (Hold Redis, Hold Memory) one = holds.Count > 0 ? holds[random.Next(holds.Count)] : default;
            switch (random.Next(10))
            {
                case 0 or 1 or 2 or 3:
                    HoldId id = new(77, random.Next(4) == 0 && name > 0 ? (ulong)random.Next((int)name) + 1 : ++name);
                    var request = new HoldRequest(sets[random.Next(sets.Length)], Nanos(random.Next(500)), Ttl, id);
                    HoldResult inRedis = await node.Tracker.HoldAsync(request, default);
                    HoldResult inMemory = await memory.HoldAsync(request with { Accounts = new AccountSet(request.Accounts.Accounts) }, default);
                    AssertSame(inMemory, inRedis, $"{at}: hold");
                    if (inMemory.Outcome == HoldOutcome.Held)
                    {
                        holds.Add((inRedis.Hold, inMemory.Hold));
                    }

                    break;
                case 4 or 5 when holds.Count > 0:
                    Charge actual = Nanos(random.Next(700));
                    await node.Tracker.SettleAsync(one.Redis, actual, default);
                    await memory.SettleAsync(one.Memory, actual, default);
                    break;
                case 6 when holds.Count > 0 && random.Next(3) == 0:
                    (Charge settled, Charge really) = (Nanos(random.Next(500)), Nanos(random.Next(500)));
                    await node.Tracker.AdjustAsync(one.Redis, settled, really, default);
                    await memory.AdjustAsync(one.Memory, settled, really, default);
                    break;
                case 6 when holds.Count > 0:
                    await node.Tracker.ReleaseAsync(one.Redis, default);
                    await memory.ReleaseAsync(one.Memory, default);
                    break;
                // What is held in an account that was reset is checked against the old one in memory, and against nothing in Redis: either counts nowhere.
                case 7 when holds.Count > 0 && !isReset:
                    Charge more = Nanos(random.Next(100));
                    AssertSame(await memory.ExtendAsync(one.Memory, more, default), await node.Tracker.ExtendAsync(one.Redis, more, default), $"{at}: extend");
                    break;
                case 8:
                    time.Advance(TimeSpan.FromSeconds(random.Next(5) == 0 ? random.Next(7_200) : random.Next(100)));
                    break;
                case 9:
                    Account account = sets[random.Next(sets.Length)].Accounts[0];
                    if (random.Next(2) == 0)
                    {
                        await memory.TopUpAsync(account, 100, null, default);
                        await node.Tracker.TopUpAsync(account, 100, null, default);
                    }
                    else if (random.Next(3) == 0)
                    {
                        isReset = true;
                        await memory.ResetAsync(account, default);
                        await node.Tracker.ResetAsync(account, default);
                    }

                    break;
            }

            foreach (Account account in sets.SelectMany(static set => set.Accounts).DistinctBy(static account => account.Key))
            {
                AccountState expected = await memory.ReadAsync(account, default);
                AccountState found = await node.Tracker.ReadAsync(account, default);
                Assert.True(expected == found, $"{at}: {account.Terms.Name} is {found}, expected {expected}");
            }
        }
    }

    private static AccountSet SetOf(Random random, BudgetTerms[] terms)
    {
        BudgetTerms[] some = [.. terms.Where(_ => random.Next(3) > 0)];
        return new AccountSet(
        [
            .. (some.Length > 0 ? some : terms).Select(one => new Account(
                one, [random.Next(2) == 0 ? "ann" : "bob"], one.Unit switch { BudgetUnit.Concurrency => 2, BudgetUnit.Tokens => 5_000, _ => 1_500 })),
        ]);
    }

    private static Charge Nanos(long nanos) => new(Money.FromNanos(nanos), nanos * 2, 1);

    private static BudgetTerms Terms(
        string name, BudgetPeriod period = BudgetPeriod.Total, BudgetUnit unit = BudgetUnit.Usd, bool carryDebt = false, TimeSpan? rolling = null, string zone = "UTC",
        bool enforced = true) => new()
    {
        Name = name,
        Unit = unit,
        Window = new WindowSpec(period, TimeZoneInfo.FindSystemTimeZoneById(zone), rolling),
        Per = ["User"],
        CarryDebt = carryDebt,
        Enforced = enforced,
    };

    private static void AssertSame(in HoldResult expected, in HoldResult found, string at)
    {
        Assert.True(expected.Outcome == found.Outcome, $"{at}: {found.Outcome}, expected {expected.Outcome}");
        Refusal[] refusals = expected.Refusals.IsDefault ? [] : [.. expected.Refusals];
        Refusal[] others = found.Refusals.IsDefault ? [] : [.. found.Refusals];
        Assert.True(refusals.Length == others.Length, $"{at}: {others.Length} refusals, expected {refusals.Length}");
        for (int i = 0; i < refusals.Length; i++)
        {
            Refusal other = others[i] with { Account = refusals[i].Account };
            Assert.True(others[i].Account.Key == refusals[i].Account.Key && refusals[i] == other, $"{at}: {other}\nexpected {refusals[i]}");
        }

        if (expected.Outcome == HoldOutcome.Held && !expected.IsRepeat && refusals.Length == 0)
        {
            Assert.True(expected.Tightest == found.Tightest && expected.Remaining == found.Remaining, $"{at}: {found.Tightest} {found.Remaining}, expected {expected.Tightest} {expected.Remaining}");
        }
    }
}
