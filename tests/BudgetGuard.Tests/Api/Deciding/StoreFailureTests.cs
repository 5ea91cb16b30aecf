using System.Net;
using System.Text;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>What callers are told while the store is down.</summary>
public sealed class StoreFailureTests
{
    private const string Closed = """{"FailOpen":false,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    private readonly FlakyTracker _store = new();

    [Fact]
    public async Task Closed_it_is_503_and_the_same_again_is_safe()
    {
        await using DecidingApp app = await StartAsync(Closed);
        _store.Fault = new IOException("down");
        Answered answer = (await app.DecideAsync(0.25m, id: "job-1")).Is(HttpStatusCode.ServiceUnavailable);
        Assert.Equal(1, answer.Json.GetProperty("retry_after").GetInt32());
        Assert.Equal("1", answer.RetryAfter);
        _store.Fault = null;
        (await app.DecideAsync(0.25m, id: "job-1")).Allowed();
        Assert.Equal((0m, 0.25m), await app.BooksAsync());
    }

    [Fact]
    public async Task Open_it_is_an_allow_that_says_so_and_can_be_ended_like_any_other()
    {
        await using DecidingApp app = await StartAsync(GuardedApp.OneDollarADay);
        _store.Fault = new IOException("down");
        Answered answer = (await app.DecideAsync(0.25m)).Allowed();
        Assert.True(answer.Json.GetProperty("degraded").GetBoolean());
        Assert.Equal("""{"cost":0.2}""", (await app.SettleAsync(answer.HoldId, 0.2m)).Is(HttpStatusCode.OK).Text);
        _store.Fault = null;
        Answered well = (await app.DecideAsync(0.25m)).Allowed();
        Assert.False(well.Json.TryGetProperty("degraded", out _));
    }

    [Fact]
    public async Task A_settlement_that_the_store_refuses_is_503_until_it_takes_it()
    {
        await using DecidingApp app = await StartAsync(GuardedApp.OneDollarADay);
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        _store.SettleFault = new IOException("down");
        (await app.SettleAsync(hold, 0.2m)).Is(HttpStatusCode.ServiceUnavailable);
        _store.SettleFault = null;
        Assert.Equal((0m, 0.25m), await app.BooksAsync());
        (await app.SettleAsync(hold, 0.1m)).Is(HttpStatusCode.OK);
        Assert.Equal((0.1m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task A_release_that_the_store_refuses_is_503_until_it_takes_it()
    {
        await using DecidingApp app = await StartAsync(GuardedApp.OneDollarADay);
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        _store.Fault = new IOException("down");
        (await app.ReleaseAsync(hold)).Is(HttpStatusCode.ServiceUnavailable);
        _store.Fault = null;
        Assert.Equal(HttpStatusCode.NoContent, (await app.ReleaseAsync(hold)).Status);
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_extension_is_answered_as_a_decision_is(bool isOpen)
    {
        await using DecidingApp app = await StartAsync(isOpen ? GuardedApp.OneDollarADay : Closed);
        string hold = (await app.DecideAsync(0.25m)).Allowed().HoldId;
        _store.Fault = new IOException("down");
        Answered answer = await app.ExtendAsync(hold, 0.5m);
        if (isOpen)
        {
            Assert.True(answer.Allowed().Json.GetProperty("degraded").GetBoolean());
        }
        else
        {
            answer.Is(HttpStatusCode.ServiceUnavailable);
        }

        _store.Fault = null;
        await app.SettleAsync(hold, 0.6m);
        Assert.Equal((0.6m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_waited_for_no_longer_than_the_setting_says()
    {
        await using DecidingApp app = await StartAsync(Closed);
        _store.Hanging = new TaskCompletionSource();
        Task<Answered> asking = app.DecideAsync(0.25m);
        while (!asking.IsCompleted)
        {
            app.App.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        (await asking).Is(HttpStatusCode.ServiceUnavailable);
        _store.Hanging.SetResult();
    }

    [Fact]
    public async Task T205_Who_lost_the_answer_asks_again_and_there_is_one_hold()
    {
        await using DecidingApp app = await StartAsync(GuardedApp.OneDollarADay);
        _store.Hanging = new TaskCompletionSource();
        using var lost = new CancellationTokenSource();
        using var body = new StringContent("""{"user":"alice","estimated_cost":0.25,"id":"job-1"}""", Encoding.UTF8, "application/json");
        Task<HttpResponseMessage> asking = app.App.Client.PostAsync("/budgetguard/api/decisions", body, lost.Token);
        await WhenAsync(() => _store.Calls == 1);
        await lost.CancelAsync();
        Task<Answered> again = app.DecideAsync(0.25m, id: "job-1");
        _store.Hanging.SetResult();
        (await again.WaitAsync(TimeSpan.FromSeconds(30))).Allowed();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal((0m, 0.25m), await app.BooksAsync());
        Assert.Equal(0, _store.Releases);
    }

    [Fact]
    public async Task T205_What_was_asked_without_an_id_and_lost_holds_nothing()
    {
        await using DecidingApp app = await StartAsync(GuardedApp.OneDollarADay);
        _store.Hanging = new TaskCompletionSource();
        using var lost = new CancellationTokenSource();
        using var body = new StringContent("""{"user":"alice","estimated_cost":0.25}""", Encoding.UTF8, "application/json");
        Task<HttpResponseMessage> asking = app.App.Client.PostAsync("/budgetguard/api/decisions", body, lost.Token);
        await WhenAsync(() => _store.Calls == 1);
        await lost.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(30)));
        _store.Hanging.SetResult();
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    private Task<DecidingApp> StartAsync(string section) => DecidingApp.StartAsync(section, setup => setup.Services = _store.AddTo);

    /// <summary>Waits for what another task is about to do.</summary>
    private static async Task WhenAsync(Func<bool> isSo)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "waited in vain");
            await Task.Yield();
        }
    }
}
