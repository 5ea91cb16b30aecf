using BudgetGuard.Gateway.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Gateway.Tests.Hosting;

/// <summary>The program is not gone before its requests are, and waits for none for ever.</summary>
public sealed class RequestsInFlightTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Stop_waits_for_every_request()
    {
        RequestsInFlight requests = new(_time, NullLogger<RequestsInFlight>.Instance);
        requests.Enter();
        requests.Enter();
        Task stop = requests.StopAsync(new CancellationToken(canceled: true));
        requests.Leave();
        Assert.False(stop.IsCompleted);
        requests.Leave();
        await stop.WaitAsync(Rig.FakeProvider.Patience);
    }

    [Fact]
    public async Task Stop_does_not_wait_for_ever()
    {
        RequestsInFlight requests = new(_time, NullLogger<RequestsInFlight>.Instance);
        requests.Enter();
        Task stop = requests.StopAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(stop.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await stop.WaitAsync(Rig.FakeProvider.Patience);
    }

    [Fact]
    public void Stop_ends_at_once_without_requests()
    {
        RequestsInFlight requests = new(_time, NullLogger<RequestsInFlight>.Instance);
        requests.Enter();
        requests.Leave();
        Assert.True(requests.StopAsync(CancellationToken.None).IsCompleted);
    }
}
