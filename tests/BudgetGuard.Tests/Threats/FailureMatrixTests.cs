using BudgetGuard.Tests.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Threats;

/// <summary>Every fault, open and closed, against the table of docs/failures.md: what it says is read from there, and what happens must be that.</summary>
public sealed class FailureMatrixTests
{
    private const string StoreHold = "a hold fails or takes longer than `StoreTimeout`";
    private const string StoreSettle = "a settlement or release fails or is late";
    private const string StoreRead = "a read fails or is late (`IBudgetGuard.ReadAsync`)";
    private const string Policy = "a policy throws or takes longer than `StoreTimeout`";
    private const string User = "the user extractor throws or times out";
    private const string Operation = "the operation extractor throws or times out";
    private const string Model = "the model extractor throws or times out";
    private const string Estimator = "the estimator throws, times out or answers a negative cost";

    private static readonly Dictionary<string, (string Open, string Closed)> Table = File
        .ReadLines(Path.Combine(SharedData.RepositoryRoot, "docs", "failures.md"))
        .Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
        .Select(static line => line.Split('|', StringSplitOptions.TrimEntries))
        .Where(static cells => cells.Length == 5 && cells[2].Length > 0)
        .ToDictionary(static cells => cells[1], static cells => (cells[2], cells[3] == "the same" ? cells[2] : cells[3]));

    public enum Way
    {
        Throws,
        Hangs,
        AnswersNegative,
    }

    public static TheoryData<string, Way, bool> Matrix()
    {
        TheoryData<string, Way, bool> all = [];
        foreach (string fault in (string[])[StoreHold, StoreSettle, Policy, User, Operation, Model, Estimator])
        {
            foreach (Way way in fault == Estimator ? Enum.GetValues<Way>() : [Way.Throws, Way.Hangs])
            {
                all.Add(fault, way, true);
                all.Add(fault, way, false);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task T235_Fault_does_what_the_table_says(string fault, Way way, bool isOpen)
    {
        HitCounter costly = new();
        Breakdown breakdown = new(fault, way);
        await using GuardedApp app = await StartAsync(breakdown, costly, isOpen);
        using Meters meters = new(app);
        int status = await AskAsync(app, way);

        string expected = isOpen ? Table[fault].Open : Table[fault].Closed;
        bool passes = expected != "503";
        bool uncounted = expected.StartsWith("passes uncounted", StringComparison.Ordinal);
        Assert.Equal((passes ? 200 : 503, passes ? 1 : 0), (status, costly.Hits));
        Assert.Equal(uncounted ? 1 : 0, meters.Of("budgetguard.uncounted").Length);
        Assert.Equal(uncounted, expected.Contains("`budgetguard.uncounted`", StringComparison.Ordinal));
        AssertLog(app, fault, way);

        await MendAsync(breakdown, fault, way);
        bool isUnsettled = fault == StoreSettle;
        bool isCharged = passes && !uncounted && (!isUnsettled || way == Way.Hangs);
        string payer = expected.StartsWith("charged to whom the default finds", StringComparison.Ordinal) ? BudgetSubject.AnonymousUser : "alice";
        BudgetBalance balance = await app.BalanceAsync(payer);
        while (isUnsettled && way == Way.Hangs && balance.Settled == 0)
        {
            balance = await app.BalanceAsync(payer);
        }

        Assert.Equal((isCharged ? 0.01m : 0m, isUnsettled && way == Way.Throws ? 0.01m : 0m), (balance.Settled, balance.Held));
        app.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal((isCharged || isUnsettled ? 0.01m : 0m, 0m), await SettledAndHeldAsync(app, payer));
    }

    [Theory]
    [InlineData(Way.Throws, true)]
    [InlineData(Way.Throws, false)]
    [InlineData(Way.Hangs, true)]
    [InlineData(Way.Hangs, false)]
    public async Task T235_Read_that_fails_is_told_to_its_caller_and_decides_no_request(Way way, bool isOpen)
    {
        Assert.All([Table[StoreRead].Open, Table[StoreRead].Closed], said => Assert.Equal("`BudgetGuardUnavailableException`; no request is decided by it", said));
        HitCounter costly = new();
        Breakdown breakdown = new(StoreRead, way);
        await using GuardedApp app = await StartAsync(breakdown, costly, isOpen);
        await Assert.ThrowsAsync<BudgetGuardUnavailableException>(() => ElapseAsync(app, way, app.BalanceAsync()));
        if (way == Way.Hangs)
        {
            breakdown.Mend();
        }

        Assert.Equal((200, 1), (await AskAsync(app, Way.Throws), costly.Hits));
        breakdown.Mend();
        Assert.Equal((0.01m, 0m), await SettledAndHeldAsync(app, "alice"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T235_Hold_that_comes_too_late_is_given_back(bool isOpen)
    {
        Assert.Equal("given back as soon as the store tells of it", isOpen ? Table["a hold whose answer came too late"].Open : Table["a hold whose answer came too late"].Closed);
        Breakdown breakdown = new(StoreHold, Way.Hangs);
        await using GuardedApp app = await StartAsync(breakdown, new HitCounter(), isOpen);
        Assert.Equal(isOpen ? 200 : 503, await AskAsync(app, Way.Hangs));
        await MendAsync(breakdown, StoreHold, Way.Hangs);
        Assert.Equal((0m, 0m), await SettledAndHeldAsync(app, "alice"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T235_Work_without_http_begins_as_the_table_says(bool isOpen)
    {
        (string open, string closed) = Table["`IBudgetGuard.BeginAsync` with a failing policy or store"];
        Assert.Equal(("a lease with `Decision.IsUncounted`", "`BudgetGuardUnavailableException`"), (open, closed));
        foreach (string fault in (string[])[StoreHold, Policy])
        {
            await using GuardedApp app = await StartAsync(new Breakdown(fault, Way.Throws), new HitCounter(), isOpen);
            ValueTask<BudgetLease> beginning = app.Guard.BeginAsync(new BudgetRequest { Subject = "alice" });
            if (isOpen)
            {
                await using BudgetLease lease = await beginning;
                Assert.True(lease is { IsAllowed: true, Decision.IsUncounted: true });
            }
            else
            {
                await Assert.ThrowsAsync<BudgetGuardUnavailableException>(() => beginning.AsTask());
            }
        }
    }

    [Theory]
    [InlineData(true, "Allow", "Allow", 200)]
    [InlineData(true, "Allow", "Reject", 503)]
    [InlineData(true, "Reject", "Reject", 503)]
    [InlineData(false, "Allow", "Allow", 200)]
    [InlineData(false, "Reject", "Allow", 503)]
    public async Task T235_OnStoreFailure_of_any_budget_overrides_FailOpen(bool isOpen, string one, string other, int status)
    {
        Breakdown breakdown = new(StoreHold, Way.Throws);
        await using GuardedApp app = await StartAsync(
            breakdown,
            new HitCounter(),
            isOpen,
            $$"""{"Budgets":{"a":{"Limit":1,"Period":"Day","OnStoreFailure":"{{one}}"},"b":{"Limit":1,"Period":"Day","OnStoreFailure":"{{other}}"} } }""");
        Assert.Equal(status, await AskAsync(app, Way.Throws));
    }

    private static void AssertLog(GuardedApp app, string fault, Way way)
    {
        (string name, string kind) = fault switch
        {
            StoreHold => ("GuardFailed", "Store"),
            StoreSettle => ("GuardFailed", "Settlement"),
            Policy => ("GuardFailed", "Policy"),
            User => ("ExtensionFailed", "UserExtractor"),
            Operation => ("ExtensionFailed", "OperationExtractor"),
            Model => ("ExtensionFailed", "ModelExtractor"),
            _ => ("ExtensionFailed", "CostEstimator"),
        };
        FakeLogRecord record = Assert.Single(app.Logs.GetSnapshot(), static record => record.Id.Name is "GuardFailed" or "ExtensionFailed");
        Assert.Equal((name, kind), (record.Id.Name, record.StructuredState!.Single(static item => item.Key == "Kind").Value));
        Assert.Equal(way == Way.Hangs, record.Exception is TimeoutException);
    }

    private static async Task<int> AskAsync(GuardedApp app, Way way)
    {
        using HttpResponseMessage answer = await ElapseAsync(app, way, app.SendAsync(HttpMethod.Post, "/api/run"));
        return (int)answer.StatusCode;
    }

    /// <summary>While something hangs, time goes on until the work is done: a timer in it starts at some moment after it began.</summary>
    private static async Task<T> ElapseAsync<T>(GuardedApp app, Way way, Task<T> work)
    {
        while (way == Way.Hangs && !work.IsCompleted)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Yield();
        }

        return await work;
    }

    /// <summary>Mends it; a hold that was cut while it hung is given back then.</summary>
    private static async Task MendAsync(Breakdown breakdown, string fault, Way way)
    {
        breakdown.Mend();
        while (fault == StoreHold && way == Way.Hangs && breakdown.Store.Releases == 0)
        {
            await Task.Yield();
        }
    }

    private static async Task<(decimal Settled, decimal Held)> SettledAndHeldAsync(GuardedApp app, string user)
    {
        BudgetBalance balance = await app.BalanceAsync(user);
        return (balance.Settled, balance.Held);
    }

    private static Task<GuardedApp> StartAsync(Breakdown breakdown, HitCounter costly, bool isOpen, string section = GuardedApp.OneDollarADay) =>
        GuardedApp.StartAsync(section, app => app.MapPost("/api/run", costly.RunAsync), setup =>
        {
            setup.Configure = options => options.FailOpen = isOpen;
            setup.Services = breakdown.AddTo;
            setup.Guard = breakdown.Use;
        });

    /// <summary>One thing that is broken in one way.</summary>
    private sealed class Breakdown(string fault, Way way) : IBudgetPolicy
    {
        private readonly TaskCompletionSource _never = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public FlakyTracker Store { get; } = new();

        public void AddTo(IServiceCollection services)
        {
            Store.AddTo(services);
            Exception? exception = way == Way.Throws ? new InvalidOperationException("broken") : null;
            TaskCompletionSource? hanging = way == Way.Hangs ? _never : null;
            switch (fault)
            {
                case StoreHold:
                    (Store.Fault, Store.Hanging) = (exception, hanging);
                    break;
                case StoreSettle:
                    (Store.SettleFault, Store.SettleHanging) = (exception, hanging);
                    break;
                case StoreRead:
                    (Store.ReadFault, Store.Hanging) = (exception, hanging);
                    break;
                case Policy:
                    services.AddSingleton<IBudgetPolicy>(this);
                    break;
            }
        }

        public void Use(IBudgetGuardBuilder guard) => _ = fault switch
        {
            User => guard.UseUserExtractor((_, _) => BreakAsync<BudgetSubject?>()),
            Operation => guard.UseOperationExtractor((_, _) => BreakAsync<string?>()),
            Model => guard.UseModelExtractor((_, _) => BreakAsync<string?>()),
            Estimator => guard.UseCostEstimator((_, _) => way == Way.AnswersNegative ? new ValueTask<decimal?>(-1m) : BreakAsync<decimal?>()),
            _ => guard,
        };

        public ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, CancellationToken cancellationToken) => BreakAsync<BudgetDecision>();

        public void Mend()
        {
            (Store.Fault, Store.SettleFault, Store.ReadFault, Store.Hanging, Store.SettleHanging) = (null, null, null, null, null);
            _never.TrySetResult();
        }

        private async ValueTask<T> BreakAsync<T>()
        {
            if (way == Way.Throws)
            {
                throw new InvalidOperationException("broken");
            }

            await _never.Task;
            return default!;
        }
    }
}
