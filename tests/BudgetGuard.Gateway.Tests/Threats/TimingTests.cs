using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>When bytes go on, and what happens when they do not come.</summary>
public sealed class TimingTests : GatewayTests
{
    [Theory]
    [InlineData(Calls.Chat)]
    [InlineData(Calls.Messages)]
    [InlineData(Calls.GeminiStream)]
    public async Task T215_Each_event_reaches_the_client_before_the_next_is_written(string path)
    {
        const int Events = 30;
        GatewayUnderTest gateway = await StartAsync();
        SemaphoreSlim read = new(1);

        // Nobody reads the chunk before this event: it tells the usage that the client did not ask for.
        int afterUsage = path == Calls.Chat ? Events + 3 : -1;
        Provider.Default = new Script { Tokens = Events, BeforeEvent = (number, gone) => number == afterUsage ? Task.CompletedTask : read.WaitAsync(gone) };
        using HttpRequestMessage request = GatewayUnderTest.Post(path, Calls.Body(path, isStream: true));
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(FakeProvider.Patience);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        ProviderCall call = await Provider.ArrivedAsync();
        byte[] buffer = new byte[65536];
        int total = 0;
        for (int count = -1; count != 0;)
        {
            count = await body.ReadAsync(buffer).AsTask().WaitAsync(FakeProvider.Patience);
            total += count;
            int whole = call.Answer(withoutUsageChunk: true).Length;
            if (total >= whole || call.Ended.IsCompleted)
            {
                read.Release();
            }
        }

        Assert.Equal(Events, call.Tokens);
    }

    [Fact]
    public async Task T216_Silence_up_to_the_limit_is_waited_for_and_longer_silence_ends_the_call()
    {
        GatewayUnderTest gateway = await StartAsync(settings: new Dictionary<string, string?> { ["Gateway:Upstreams:openai:ActivityTimeout"] = "00:00:01" });
        TaskCompletionSource never = new();
        Provider.Default = new Script { BeforeEvent = Script.Gate(5, never.Task) };
        using StreamClient client = new(gateway.Address);
        using HttpRequestMessage stream = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat, isStream: true));
        StreamReading reading = await client.ReadAsync(stream, "\n\n"u8.ToArray());
        ProviderCall call = await Provider.ArrivedAsync();
        await call.Cancelled.WaitAsync(FakeProvider.Patience);
        Assert.NotNull(reading.Failure);
        await gateway.QuietAsync();
        long settled = await gateway.SettledAsync("alice");
        Assert.InRange(settled, call.Bill, call.Bill + (60 * 15_000));

        // Before the answer has begun, nobody knows what was written meanwhile.
        Provider.Default = new Script { BeforeEvent = Script.Gate(0, never.Task), BillsFailure = true };
        using HttpResponseMessage late = await gateway.PostAsync(Calls.Chat, Calls.Body(Calls.Chat));
        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        await gateway.QuietAsync();
        Assert.InRange(await gateway.SettledAsync("alice") - settled, 1000 * 15_000, 1010 * 15_000);
    }

    [Theory]
    [InlineData(Calls.Chat, 1)]
    [InlineData(Calls.Chat, 60)]
    [InlineData(Calls.Chat, 400)]
    [InlineData(Calls.Messages, 60)]
    [InlineData(Calls.GeminiStream, 60)]
    public async Task T100_Stream_that_ends_within_one_of_its_first_events_is_charged_and_fails_for_the_client(string path, int bytes)
    {
        GatewayUnderTest gateway = await StartAsync();
        for (int i = 0; i < 20; i++)
        {
            Provider.Next(new Script { CutAfterBytes = bytes, Cut = Cut.End });
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = GatewayUnderTest.Post(path, Calls.Body(path, isStream: true));
            StreamReading reading = await client.ReadAsync(request, "\n\n"u8.ToArray());
            Assert.True(reading.Failure is not null || reading.Status == 502, $"status {reading.Status}");
            if (reading.Status == 502)
            {
                Assert.NotNull(JsonNode.Parse(reading.Bytes)!["error"]!["message"]);
            }

            await gateway.QuietAsync();
            Assert.True(await gateway.SettledAsync("alice") >= Provider.Bill, $"settled {await gateway.SettledAsync("alice")}, bill {Provider.Bill}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T94_Client_that_leaves_on_the_end_mark_is_charged_in_full(bool asks)
    {
        GatewayUnderTest gateway = await StartAsync();
        string body = """{"model":"quill","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}""";
        body = asks ? body.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal) : body;
        for (int times = 1; times <= 20; times++)
        {
            using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, body);
            using HttpResponseMessage answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            await using Stream stream = await answer.Content.ReadAsStreamAsync();
            StringBuilder all = new();
            byte[] buffer = new byte[4096];
            while (!all.ToString().Contains("[DONE]", StringComparison.Ordinal))
            {
                all.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer)));
            }

            Assert.Equal(times * (await Provider.ArrivedAsync()).Bill, await gateway.SettledAsync("alice"));
        }
    }
}
