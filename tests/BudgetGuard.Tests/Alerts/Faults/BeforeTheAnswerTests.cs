using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Alerts that are sent before the answer, past a sink that does not come to an end.</summary>
public sealed class BeforeTheAnswerTests
{
    private const string Section = """{"AsyncProcessing":false,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task An_alert_is_at_its_receiver_before_the_answer_of_a_request_that_passes_or_is_refused()
    {
        await using FaultApp app = await FaultApp.StartAsync(Fault.None, Section);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(200, await app.App.WorkAsync(1.00m, $"user{i}"));
            Assert.Equal(((2 * i) + 1, (2 * i) + 1), (app.GoodCount, app.BadCount));
            Assert.Equal(402, await app.App.WorkAsync(0.10m, $"user{i}"));
            Assert.Equal(((2 * i) + 2, (2 * i) + 2), (app.GoodCount, app.BadCount));
        }
    }

    [Theory]
    [InlineData(Fault.Hangs)]
    [InlineData(Fault.DripsHead)]
    [InlineData(Fault.Blocks)]
    [InlineData(Fault.IgnoresToken)]
    public async Task T169_However_many_requests_wait_for_a_sink_that_hangs_each_is_answered_after_the_bound(Fault fault)
    {
        await using FaultApp app = await FaultApp.StartAsync(fault, Section, timeout: "00:01:00");
        Task<int>[] asking = [.. Enumerable.Range(0, 64).Select(i => app.App.WorkAsync(1.00m, $"user{i}"))];
        await app.WhenGoodHasAsync(1);
        Assert.DoesNotContain(asking, static one => one.IsCompleted);

        // Whoever comes while an alert is under way waits for it before its own work, and for its own alert after that: far less than the sink's own time limit.
        await app.PassUntilAsync(() => Array.TrueForAll(asking, static one => one.IsCompleted), TimeSpan.FromMilliseconds(100));
        Assert.All(await Task.WhenAll(asking), static status => Assert.Equal(200, status));
        Assert.InRange(app.App.Time.GetUtcNow() - GuardedApp.Start, LongestWait, Hang - TimeSpan.FromSeconds(1));
        await app.WhenGoodHasAsync(64);
        await app.StopAsync();
        app.Books.AssertBalanced();
    }
}
