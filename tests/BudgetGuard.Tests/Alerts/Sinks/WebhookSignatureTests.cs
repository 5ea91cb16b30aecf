using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>
/// The headers of a webhook, by https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, verified by a calculation of its own
/// and by the specification's library for Node.
/// </summary>
public sealed class WebhookSignatureTests
{
    private static readonly byte[] _old = [.. Enumerable.Range(0, 24).Select(static i => (byte)i)];
    private static readonly byte[] _new = [.. Enumerable.Range(0, 64).Select(static i => (byte)(255 - i))];

    [Fact]
    public async Task T180_Attempts_have_one_id_and_each_its_own_time_and_signature()
    {
        FakeTimeProvider time = new(SampleAlerts.Time.GetUtcNow());
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.AnswersInTurn(503, 408, 200);

        // With jitter the first wait may be shorter than the second that timestamps count.
        Func<HttpContext, Task> answer = receiver.Answer;
        receiver.Answer = context =>
        {
            context.Response.Headers.RetryAfter = "2";
            return answer(context);
        };
        Assert.Null(await SinkRig.SendWithRetriesAsync(Create(receiver, Secret(_old), time), time));
        ReceivedAlert[] got = [.. receiver.Received];
        Assert.Equal(3, got.Length);
        Assert.All(got, static attempt => Assert.Equal(SampleAlerts.Of(AlertTypes.BudgetExceeded).Id.ToString(), attempt.Headers["webhook-id"]));
        Assert.All(got, attempt => Assert.Equal(got[0].Body, attempt.Body));
        long[] times = Array.ConvertAll(got, static attempt => long.Parse(attempt.Headers["webhook-timestamp"], CultureInfo.InvariantCulture));
        Assert.Equal(times.Order().Distinct(), times);
        Assert.All(got, static attempt => Assert.Equal(Sign(_old, attempt.Headers["webhook-id"], attempt.Headers["webhook-timestamp"], attempt.Body), attempt.Headers["webhook-signature"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T180_Two_secrets_sign_each_message_twice(bool cloudEvents)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        await SinkRig.SucceedsAsync(Create(receiver, $"{Secret(_new)} {Secret(_old)}", TimeProvider.System, cloudEvents));
        ReceivedAlert got = Assert.Single(receiver.Received);
        (string id, string timestamp) = (got.Headers["webhook-id"], got.Headers["webhook-timestamp"]);
        Assert.Equal([Sign(_new, id, timestamp, got.Body), Sign(_old, id, timestamp, got.Body)], got.Headers["webhook-signature"].Split(' '));
        Assert.True(await SinkRig.IsVerifiedByNodeAsync(Secret(_new), got.Headers, got.Body));
        Assert.True(await SinkRig.IsVerifiedByNodeAsync(Secret(_old), got.Headers, got.Body));
        Assert.False(await SinkRig.IsVerifiedByNodeAsync(Secret(new byte[32]), got.Headers, got.Body));
    }

    [Fact]
    public async Task T180_What_was_changed_on_the_way_is_not_verified()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        await SinkRig.SucceedsAsync(Create(receiver, Secret(_old), TimeProvider.System));
        ReceivedAlert got = Assert.Single(receiver.Received);
        Assert.True(await SinkRig.IsVerifiedByNodeAsync(Secret(_old), got.Headers, got.Body));
        Assert.False(await SinkRig.IsVerifiedByNodeAsync(Secret(_old), got.Headers, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(got.Body).Replace("8.5", "0.5", StringComparison.Ordinal))));
        foreach ((string header, string value) in ((string, string)[])
            [
                ("webhook-id", Guid.Empty.ToString()),
                ("webhook-timestamp", (long.Parse(got.Headers["webhook-timestamp"], CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture)),
                ("webhook-signature", "v1," + Convert.ToBase64String(new byte[32])),
            ])
        {
            Assert.False(await SinkRig.IsVerifiedByNodeAsync(Secret(_old), new Dictionary<string, string>(got.Headers) { [header] = value }, got.Body));
        }
    }

    [Fact]
    public async Task T180_What_is_sent_again_later_is_not_verified()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        FakeTimeProvider ago = new(TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(6));
        await SinkRig.SucceedsAsync(Create(receiver, Secret(_old), ago));
        ReceivedAlert got = Assert.Single(receiver.Received);
        Assert.Equal(Sign(_old, got.Headers["webhook-id"], got.Headers["webhook-timestamp"], got.Body), got.Headers["webhook-signature"]);
        Assert.False(await SinkRig.IsVerifiedByNodeAsync(Secret(_old), got.Headers, got.Body));
    }

    [Fact]
    public async Task Without_a_secret_there_is_no_signature()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        await SinkRig.SucceedsAsync(Create(receiver, null, TimeProvider.System));
        ReceivedAlert got = Assert.Single(receiver.Received);
        Assert.False(got.Headers.ContainsKey("webhook-signature"));
        Assert.True(got.Headers.ContainsKey("webhook-id"));
        Assert.Empty(AlertObjectRules.Problems(got.Body));
    }

    [Fact]
    public async Task CloudEvents_are_sent_as_such()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        await SinkRig.SucceedsAsync(Create(receiver, null, TimeProvider.System, cloudEvents: true));
        ReceivedAlert got = Assert.Single(receiver.Received);
        Assert.Empty(CloudEventRules.Problems(got.Body, got.Headers["content-type"]));
    }

    private static IAlertSink Create(AlertReceiver receiver, string? secret, TimeProvider time, bool cloudEvents = false)
    {
        AlertSinkOptions options = SinkRig.Options(receiver.Address.ToString());
        options.Secret = secret;
        options.CloudEvents = cloudEvents;
        Assert.Empty(SinkRig.Factory("Webhook").Check(options));
        return SinkRig.Factory("Webhook", time: time).Create("ledger", options);
    }

    private static string Secret(byte[] key) => "whsec_" + Convert.ToBase64String(key);

    private static string Sign(byte[] key, string id, string timestamp, byte[] body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes(id), (byte)'.', .. Encoding.UTF8.GetBytes(timestamp), (byte)'.', .. body]));
}
