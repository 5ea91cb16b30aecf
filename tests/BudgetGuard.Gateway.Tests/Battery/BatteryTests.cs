using System.Text;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Battery;

/// <summary>
/// Many streams that end badly, of all vendors, split and compressed at random, each for a user of its own: nobody is charged less than the provider bills
/// for the call, nothing stays held, and what a client got is what the provider wrote.
/// </summary>
public sealed class BatteryTests : GatewayTests
{
    [Fact]
    public async Task T92_T93_Streams_that_their_client_leaves_are_charged_and_cancelled()
    {
        GatewayUnderTest gateway = await StartAsync();
        await Volley.RunAsync(async seed =>
        {
            Case one = new(seed);
            bool isEarly = one.Random.Next(5) == 0;
            Task<ProviderCall> came = Provider.On(one.Name, isEarly ? one.Script with { BeforeEvent = Script.Gate(0, new TaskCompletionSource().Task) } : one.Script);
            Leaving how = (Leaving)one.Random.Next(3);
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = one.Request();
            if (isEarly)
            {
                await client.LeaveWhenAsync(request, came, how);
            }

            StreamReading? reading = isEarly ? null : await client.ReadAsync(request, one.Marker, one.Ahead, one.SomeBytes(), how);
            client.Dispose();
            ProviderCall call = await came.WaitAsync(FakeProvider.Patience);
            if (reading is not { HasLeft: false })
            {
                // It goes on only as its reader does, so that a whole answer was read whole.
                await call.Ended.WaitAsync(FakeProvider.Patience);
                Assert.True(call.Cancelled.IsCompleted || call.Tokens == call.Planned, $"The provider was not told that its reader had left: {one}, {call}");
            }

            if (reading is not null)
            {
                AssertUntouched(one, call, reading, isWhole: !reading.HasLeft);
            }

            await AssertChargedAsync(gateway, one, call);
        });
    }

    [Fact]
    public async Task T93_T100_Streams_that_their_provider_cuts_are_charged_and_end_for_the_client()
    {
        GatewayUnderTest gateway = await StartAsync();
        await Volley.RunAsync(async seed =>
        {
            Case one = new(seed);
            Task<ProviderCall> came = Provider.On(one.Name, one.Script with
            {
                CutAfterBytes = one.Random.Next(10) == 0 ? 0 : one.SomeBytes(),
                Cut = (Cut)one.Random.Next(3),
            });
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = one.Request();
            StreamReading reading = await client.ReadAsync(request, one.Marker, one.Ahead);
            ProviderCall call = await came.WaitAsync(FakeProvider.Patience);
            await call.Ended.WaitAsync(FakeProvider.Patience);
            Assert.False(call.Cancelled.IsCompleted, $"The gateway left a stream that went on: {one}, {call}");
            AssertUntouched(one, call, reading, isWhole: !call.IsCut);
            Assert.True(!call.IsCut || reading.Failure is not null || reading.Status >= 400, $"The client saw no failure: {one}, {call}");
            await AssertChargedAsync(gateway, one, call);
        });
    }

    [Fact]
    public async Task T90_T91_Answers_without_usage_are_charged_and_passed_on_as_they_are()
    {
        GatewayUnderTest gateway = await StartAsync();
        await Volley.RunAsync(async seed =>
        {
            Case one = new(seed, isStream: seed % 4 != 0);
            Task<ProviderCall> came = Provider.On(one.Name, one.Script with { TellsUsage = false });
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = one.Request();
            StreamReading reading = await client.ReadAsync(request, one.Marker, one.Ahead);
            ProviderCall call = await came.WaitAsync(FakeProvider.Patience);
            Assert.Null(reading.Failure);
            AssertUntouched(one, call, reading, isWhole: true);
            await AssertChargedAsync(gateway, one, call);
        });
    }

    [Fact]
    public async Task T91_Whole_answers_are_charged_what_they_cost_and_usage_that_was_not_asked_for_is_taken_out()
    {
        GatewayUnderTest gateway = await StartAsync();
        await Volley.RunAsync(async seed =>
        {
            Case one = new(seed, isStream: seed % 5 != 0);
            Task<ProviderCall> came = Provider.On(one.Name, one.Script);
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = one.Request();
            StreamReading reading = await client.ReadAsync(request, one.Marker, one.Ahead);
            ProviderCall call = await came.WaitAsync(FakeProvider.Patience);
            Assert.Null(reading.Failure);
            AssertUntouched(one, call, reading, isWhole: true);
            Assert.True(!one.IsStream || one.Dialect is not (Dialect.Chat or Dialect.Completions) || call.AsksForUsage, $"The provider was not asked for usage: {one}");
            Assert.Equal(one.AsksForUsage, Encoding.UTF8.GetString(reading.Bytes).Contains("\"choices\":[],\"usage\":{", StringComparison.Ordinal));
            await gateway.Watch.UserQuietAsync(one.Name);
            Assert.Equal(call.Bill, await gateway.SettledAsync(one.Name));
        });
    }

    private static void AssertUntouched(Case one, ProviderCall call, StreamReading reading, bool isWhole)
    {
        if (reading.Status != 200)
        {
            Assert.True(call.IsCut && (call.Script.Cut != Cut.ResetWhenRead || call.Tokens <= 2), $"status {reading.Status}: {one}, {call}");
            return;
        }

        byte[] written = call.Answer(withoutUsageChunk: !one.AsksForUsage);
        Assert.True(
            written.AsSpan().StartsWith(reading.Bytes) && (!isWhole || written.Length == reading.Bytes.Length),
            $"{one}, {call}, {reading.Failure?.Message}\nwritten: …{Differing(written, reading.Bytes)}\nread: …{Differing(reading.Bytes, written)}");
    }

    private static string Differing(byte[] bytes, byte[] others)
    {
        int same = Math.Max(0, bytes.AsSpan().CommonPrefixLength(others) - 40);
        return Encoding.UTF8.GetString(bytes.AsSpan(same, Math.Min(200, bytes.Length - same)));
    }

    private static async Task AssertChargedAsync(GatewayUnderTest gateway, Case one, ProviderCall call)
    {
        await call.Ended.WaitAsync(FakeProvider.Patience);
        await gateway.Watch.UserQuietAsync(one.Name);
        long settled = await gateway.SettledAsync(one.Name);
        Assert.True(settled >= call.Bill, $"settled {settled}, bill {call.Bill}: {one}, {call}");
    }
}
