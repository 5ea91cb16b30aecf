using System.Diagnostics;
using System.Text.Json;
using BudgetGuard.Alerts.Sinks;
using System.Net;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>The threats to alerts that are sent over HTTP.</summary>
public sealed class SinkThreatTests
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://169.254.169.254/latest")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://127.1/")]
    [InlineData("https://127.0.0.1./")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[fd00:ec2::254]/")]
    [InlineData("https://localhost./")]
    [InlineData("https://user:pass@example.com/")]
    [InlineData("http://example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://example.com/")]
    public void T175_Address_inside_is_refused_at_the_start(string url) =>
        Assert.Contains(SinkRig.Factory("Webhook").Check(new AlertSinkOptions { Url = url }), problem => problem.Key == "Url" && !problem.Problem.Contains(url, StringComparison.Ordinal));

    [Theory]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    public void T175_Only_public_addresses_pass(string address, bool isPublic) => Assert.Equal(isPublic, AddressRules.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task T177_Name_that_turns_private_is_not_connected_to()
    {
        RebindingNetwork network = new();
        IAlertSink sink = SinkRig.Factory("Webhook", network).Create("ops", new AlertSinkOptions { Url = "https://rebind.example/CANARY" });
        await Assert.ThrowsAsync<AlertDeliveryException>(async () => await sink.SendAsync(SampleAlerts.Of("test"), default));
        AlertDeliveryException failure = await Assert.ThrowsAsync<AlertDeliveryException>(async () => await sink.SendAsync(SampleAlerts.Of("test"), default));
        Assert.True(failure.IsPermanent);
        Assert.Equal([IPAddress.Parse("8.8.8.8")], network.Connected);
    }

    [Fact]
    public async Task T176_Redirect_is_a_permanent_failure_and_not_followed()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answer = context =>
        {
            context.Response.Redirect("/inside");
            return Task.CompletedTask;
        };
        AlertDeliveryException failure = await Assert.ThrowsAsync<AlertDeliveryException>(() => SendAsync(receiver, "Webhook"));
        Assert.True(failure.IsPermanent);
        Assert.Contains("redirect", failure.Message, StringComparison.Ordinal);
        Assert.Single(receiver.Received);
    }

    [Theory]
    [InlineData(408, false)]
    [InlineData(429, false)]
    [InlineData(500, false)]
    [InlineData(503, false)]
    [InlineData(400, true)]
    [InlineData(401, true)]
    [InlineData(403, true)]
    [InlineData(404, true)]
    [InlineData(410, true)]
    [InlineData(413, true)]
    public async Task T181_Status_says_whether_to_try_again(int status, bool isPermanent)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answers(status, new string('x', 300_000), "9999");
        AlertDeliveryException failure = await Assert.ThrowsAsync<AlertDeliveryException>(() => SendAsync(receiver, "Slack"));
        Assert.Equal((isPermanent, TimeSpan.FromMinutes(1)), (failure.IsPermanent, failure.RetryAfter));
    }

    [Fact]
    public async Task T178_Address_is_in_no_activity_and_no_exception()
    {
        List<string> told = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (told)
                {
                    told.Add(activity.DisplayName + string.Join(' ', activity.TagObjects));
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answers(500, "CANARYbody");
        AlertDeliveryException failure = await Assert.ThrowsAsync<AlertDeliveryException>(() => SendAsync(receiver, "Slack", "CANARYclient"));
        Assert.Equal("/CANARYclient", Assert.Single(receiver.Received).Path);
        Assert.False(receiver.Received.First().Headers.ContainsKey("traceparent"));
        Assert.DoesNotContain("CANARY", failure.ToString(), StringComparison.Ordinal);
        lock (told)
        {
            // The receiver's own server may tell of what it was sent.
            Assert.DoesNotContain(told, one => one.Contains("url.full", StringComparison.Ordinal) && one.Contains("CANARYclient", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void T179_Slack_text_pings_nobody()
    {
        BudgetAlert nasty = SampleAlerts.Of("budget_exceeded") with { Partition = ["<!channel> <http://evil|click>\r\n@everyone", new string('*', 10_000)], Message = "<!channel> 😀\u001b[31m" };
        string slack = JsonDocument.Parse(SlackAlertSink.Body(nasty)).RootElement.GetProperty("text").GetString()!;
        Assert.Contains("&lt;!channel&gt;", slack, StringComparison.Ordinal);
        Assert.Equal(0, JsonDocument.Parse(DiscordAlertSink.Body(nasty)).RootElement.GetProperty("allowed_mentions").GetProperty("parse").GetArrayLength());
    }

    [Fact]
    public async Task Signature_is_verified_by_the_library_of_Standard_Webhooks()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        await SendAsync(receiver, "Webhook");
        ReceivedAlert got = Assert.Single(receiver.Received);
        Assert.True(await SinkRig.IsVerifiedByNodeAsync(Secret, got.Headers, got.Body));
    }

    private static async Task SendAsync(AlertReceiver receiver, string type, string path = "") => await SinkRig.Factory(type, time: TimeProvider.System)
        .Create("ops", new AlertSinkOptions { Url = receiver.Address + path, AllowPrivateNetworks = true, Secret = Secret }).SendAsync(SampleAlerts.Of("budget_exceeded"), default);

    private sealed class RebindingNetwork : AlertNetwork
    {
        private int _asked;

        public List<IPAddress> Connected { get; } = [];

        public override Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
            Task.FromResult<IPAddress[]>([IPAddress.Parse(_asked++ == 0 ? "8.8.8.8" : "127.0.0.1")]);

        public override ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
        {
            Connected.AddRange(addresses);
            throw new IOException("Nobody is there.");
        }
    }
}
