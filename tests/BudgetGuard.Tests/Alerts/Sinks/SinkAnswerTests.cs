using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>What sinks make of the answers that the vendors document.</summary>
public sealed class SinkAnswerTests
{
    [Theory]
    [InlineData("Webhook", 200)]
    [InlineData("Webhook", 204)]
    [InlineData("Slack", 200)]
    [InlineData("Teams", 200)]
    [InlineData("Teams", 202)]
    [InlineData("Discord", 200)]
    [InlineData("Discord", 204)]
    [InlineData("PagerDuty", 202)]
    public async Task Answer_that_means_success_is_one(string type, int status)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.AnswersInTurn(status);
        await SinkRig.SucceedsAsync(SinkRig.Create(type, receiver));
        ReceivedAlert got = Assert.Single(receiver.Received);
        Assert.Equal(("POST", "application/json; charset=utf-8", "BudgetGuard"), (got.Method, got.Headers["content-type"], got.Headers["user-agent"]));
    }

    // https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
    [Theory]
    [InlineData(400, "invalid_payload", true)]
    [InlineData(400, "user_not_found", true)]
    [InlineData(403, "action_prohibited", true)]
    [InlineData(403, "invalid_token", true)]
    [InlineData(404, "channel_not_found", true)]
    [InlineData(404, "no_service", true)]
    [InlineData(410, "channel_is_archived", true)]
    [InlineData(500, "rollup_error", false)]
    [InlineData(429, "rate_limited", false)]
    public async Task Slack_failure_is_told_with_its_word_and_tried_again_where_that_may_help(int status, string reason, bool isPermanent)
    {
        FakeTimeProvider time = new();
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answers(status, reason);
        var failure = (AlertDeliveryException)(await SinkRig.SendWithRetriesAsync(SinkRig.Create("Slack", receiver, time: time), time, retries: 2))!;
        Assert.Equal((isPermanent, $"The receiver answered {status} ({reason})."), (failure.IsPermanent, failure.Message));
        Assert.Equal(isPermanent ? 1 : 3, receiver.Received.Count);
    }

    [Theory]
    [InlineData(200, "ok", true)]
    [InlineData(200, "{\"ok\":true}", true)]
    [InlineData(201, "ok", false)]
    [InlineData(204, "", false)]
    public async Task Slack_success_is_200_and_nothing_else(int status, string body, bool isSuccess)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answer = context =>
        {
            context.Response.StatusCode = status;
            return body.Length == 0 ? Task.CompletedTask : context.Response.WriteAsync(body);
        };
        IAlertSink sink = SinkRig.Create("Slack", receiver);
        if (isSuccess)
        {
            await SinkRig.SucceedsAsync(sink);
        }
        else
        {
            Assert.False((await SinkRig.FailsAsync(sink)).IsPermanent);
        }
    }

    [Fact]
    public async Task T178_Slack_answer_that_is_not_documented_is_not_repeated()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answers(404, "no_service xoxb-CANARY");
        Assert.Equal("The receiver answered 404.", (await SinkRig.FailsAsync(SinkRig.Create("Slack", receiver))).Message);
    }

    // https://docs.discord.com/developers/resources/webhook#execute-webhook: wait is false by default, and then nothing is said of a message that is not saved.
    [Theory]
    [InlineData("api/webhooks/1/x", "/api/webhooks/1/x?wait=true")]
    [InlineData("api/webhooks/1/x?thread_id=5", "/api/webhooks/1/x?thread_id=5&wait=true")]
    [InlineData("api/webhooks/1/x?wait=false&thread_id=5", "/api/webhooks/1/x?thread_id=5&wait=true")]
    [InlineData("api/webhooks/1/x?wait=true", "/api/webhooks/1/x?wait=true")]
    [InlineData("api/webhooks/1/x?wait", "/api/webhooks/1/x?wait=true")]
    [InlineData("api/webhooks/1/x?waiting=1&a=%26", "/api/webhooks/1/x?waiting=1&a=%26&wait=true")]
    [InlineData("api/webhooks/1/x?", "/api/webhooks/1/x?wait=true")]
    public async Task Discord_is_asked_to_wait_whatever_the_address_says(string path, string expected)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        await SinkRig.SucceedsAsync(SinkRig.Create("Discord", receiver, path));
        Assert.Equal(expected, Assert.Single(receiver.Received).Path);
    }

    // https://docs.discord.com/developers/topics/rate-limits: retry_after in the body is in seconds, with a fraction.
    [Theory]
    [InlineData("2", "{\"message\":\"You are being rate limited.\",\"retry_after\":2.5,\"global\":false}", 2.5)]
    [InlineData("5", "{\"retry_after\":2.5}", 5.0)]
    [InlineData(null, "{\"retry_after\":1.25}", 1.25)]
    [InlineData("3", "<html>error 1015</html>", 3.0)]
    [InlineData(null, "<html>error 1015</html>", null)]
    [InlineData(null, "{\"retry_after\":\"soon\"}", null)]
    [InlineData(null, "[1]", null)]
    [InlineData(null, "{\"retry_after\":-5}", 0.0)]
    [InlineData(null, "{\"retry_after\":3600}", 60.0)]
    [InlineData("3600", "{\"retry_after\":1}", 60.0)]
    [InlineData(null, "{\"retry_after\":1e300}", 60.0)]
    [InlineData(null, "{\"retry_after\":1e999}", null)]
    public async Task T181_Discord_wait_is_the_longer_of_header_and_body_with_a_cap(string? header, string body, double? seconds)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answers(429, body, header);
        AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Create("Discord", receiver));
        Assert.Equal((false, seconds), (failure.IsPermanent, failure.RetryAfter?.TotalSeconds));
    }

    [Theory]
    [MemberData(nameof(SinkRig.Types), MemberType = typeof(SinkRig))]
    public async Task T181_Retry_After_is_waited_for(string type)
    {
        FakeTimeProvider time = new(SampleAlerts.Time.GetUtcNow());
        List<DateTimeOffset> came = [];
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answer = context =>
        {
            came.Add(time.GetUtcNow());
            context.Response.StatusCode = came.Count == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = "47";
            return Task.CompletedTask;
        };
        Assert.Null(await SinkRig.SendWithRetriesAsync(SinkRig.Create(type, receiver, time: time), time));
        Assert.Equal(2, came.Count);
        Assert.True(came[1] - came[0] >= TimeSpan.FromSeconds(47), $"{came[1] - came[0]}");
    }

    [Theory]
    [InlineData("0", 0.0)]
    [InlineData("59", 59.0)]
    [InlineData("61", 60.0)]
    [InlineData("99999999999999999999", 60.0)]
    [InlineData("-5", null)]
    [InlineData("1.5", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData("Wed, 10 Jun 2026 14:03:30 GMT", 30.0)]
    [InlineData("Wed, 10 Jun 2026 15:03:00 GMT", 60.0)]
    [InlineData("Wed, 10 Jun 2026 14:00:00 GMT", 0.0)]
    public async Task T181_Retry_After_is_read_in_both_of_its_forms_with_a_cap_of_a_minute(string header, double? seconds)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answers(503, "", header);
        Assert.Equal(seconds, (await SinkRig.FailsAsync(SinkRig.Create("Webhook", receiver))).RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task PagerDuty_recovered_resolves_what_was_triggered_with_the_same_two_keys()
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.AnswersInTurn(202);
        IAlertSink sink = SinkRig.Create("PagerDuty", receiver);
        BudgetAlert exceeded = SampleAlerts.Of(AlertTypes.BudgetExceeded);
        await SinkRig.SucceedsAsync(sink, exceeded);
        await SinkRig.SucceedsAsync(sink, SampleAlerts.Of(AlertTypes.Recovered) with { IncidentKey = exceeded.IncidentKey });
        string[][] sent = [.. receiver.Received.Select(static got => Texts(got.Body, "event_action", "routing_key", "dedup_key"))];
        Assert.Equal([["trigger", SinkRig.RoutingKey, exceeded.IncidentKey], ["resolve", SinkRig.RoutingKey, exceeded.IncidentKey]], sent);
        Assert.All(receiver.Received, static got => Assert.Empty(PagerDutyEventRules.Problems(got.Body)));
    }

    private static string[] Texts(byte[] body, params string[] names)
    {
        using var document = JsonDocument.Parse(body);
        return Array.ConvertAll(names, name => document.RootElement.GetProperty(name).GetString()!);
    }
}
