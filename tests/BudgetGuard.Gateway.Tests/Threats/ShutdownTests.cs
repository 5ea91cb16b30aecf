using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>The program is told to stop while answers are under way.</summary>
public sealed class ShutdownTests : GatewayTests
{
    private const int Streams = 20;

    [Fact]
    public async Task T114_Streams_that_end_in_time_are_passed_on_whole_and_settled()
    {
        GatewayUnderTest gateway = await StartAsync();
        TaskCompletionSource goes = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<StreamReading>[] readings = await BeginAsync(gateway, goes.Task);
        Task stopping = gateway.StopAsync();
        goes.SetResult();
        Assert.All(await Task.WhenAll(readings), static reading => Assert.Null(reading.Failure));
        await stopping.WaitAsync(FakeProvider.Patience);
        Assert.All(Provider.Calls, static call => Assert.False(call.Cancelled.IsCompleted));
    }

    [Fact]
    public async Task T114_Streams_that_do_not_end_are_cut_charged_and_cancelled_before_the_program_is_gone()
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:ShutdownTimeout"] = "00:00:01" });
        Task<StreamReading>[] readings = await BeginAsync(gateway, new TaskCompletionSource().Task);
        await gateway.StopAsync().WaitAsync(FakeProvider.Patience);

        // What is not in the books when the program is gone is lost.
        await gateway.Watch.QuietAsync().WaitAsync(TimeSpan.Zero);
        Assert.True(await gateway.SettledAsync("alice") >= Provider.Bill);
        Assert.All(await Task.WhenAll(readings), static reading => Assert.NotNull(reading.Failure));
        foreach (ProviderCall call in Provider.Calls)
        {
            await call.Cancelled.WaitAsync(FakeProvider.Patience);
        }
    }

    private async Task<Task<StreamReading>[]> BeginAsync(GatewayUnderTest gateway, Task goes)
    {
        Provider.Default = new Script { BeforeEvent = Script.Gate(5, goes) };
        Task<StreamReading>[] readings = [.. Enumerable.Range(0, Streams).Select(_ => ReadAsync(gateway))];
        for (int i = 0; i < Streams; i++)
        {
            await Provider.ArrivedAsync();
        }

        return readings;
    }

    private static async Task<StreamReading> ReadAsync(GatewayUnderTest gateway)
    {
        using StreamClient client = new(gateway.Address);
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat, isStream: true));
        return await client.ReadAsync(request, "\n\n"u8.ToArray());
    }
}
