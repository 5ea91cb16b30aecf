using System.Text.Json.Nodes;
using BudgetGuard.Email.Tests.Rig;

namespace BudgetGuard.Email.Tests;

/// <summary>A server that hangs holds a sink no longer than its token.</summary>
[Collection(SharesMailServers.Name)]
public sealed class EmailCancellationTests(MailServers servers)
{
    [Theory]
    [InlineData("connect")]
    [InlineData("logOn")]
    [InlineData("sender")]
    [InlineData("finance@example.org")]
    [InlineData("message")]
    public async Task Server_that_hangs_is_left_with_the_token(string at)
    {
        JsonObject script = MailRig.Script();
        (script["user"], script["password"], script[at]) = ("u", "p", "hang");
        MailServer server = await servers.OpenAsync(script);
        AlertSinkOptions options = MailRig.Options(server);
        (options.UserName, options.Password) = ("u", "p");
        await IsLeftAsync(options, () => server.HeardAsync("hangs"));
    }

    [Theory]
    [InlineData("EHLO", "StartTls")]
    [InlineData("STARTTLS", "StartTls")]
    [InlineData("CONNECT", "Tls")]
    [InlineData("DATA", "None")]
    public async Task Server_that_is_silent_is_left_with_the_token(string at, string security)
    {
        JsonObject answers = EmailFailureTests.PlainAnswers();
        answers["EHLO"] = "250-here\n250 STARTTLS";
        if (at == "STARTTLS")
        {
            answers[at] = "220 go on";
        }
        else
        {
            answers.Remove(at);
        }

        MailServer server = await servers.OpenAsync(new JsonObject { ["answers"] = answers });
        AlertSinkOptions options = MailRig.Options(server);
        options.Security = security;
        await IsLeftAsync(options, () => server.HeardAsync("command", said => said.GetProperty("command").GetString() == at));
    }

    [Fact]
    public async Task Server_that_says_no_goodbye_is_left_after_a_second()
    {
        JsonObject answers = EmailFailureTests.PlainAnswers();
        answers.Remove("QUIT");
        MailServer server = await servers.OpenAsync(new JsonObject { ["answers"] = answers });
        AlertSinkOptions options = MailRig.Options(server);
        options.Security = "None";
        MailRig rig = new();
        Task sending = rig.Sink(options).SendAsync(SomeAlerts.Exceeded, CancellationToken.None).AsTask();
        await server.HeardAsync("command", static said => said.GetProperty("command").GetString() == "QUIT");
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await sending.WaitAsync(MailServers.Patience);
    }

    [Fact]
    public async Task Token_that_is_cancelled_before_opens_no_connection()
    {
        MailServer server = await servers.OpenAsync(new JsonObject { ["answers"] = EmailFailureTests.PlainAnswers() });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new MailRig().Sink(server).SendAsync(SomeAlerts.Exceeded, new CancellationToken(canceled: true)).AsTask());
        Assert.Equal([], server.Rest());
    }

    private static async Task IsLeftAsync(AlertSinkOptions options, Func<Task> hangs)
    {
        // The sink's own bound must not be what ends it.
        options.Timeout = TimeSpan.FromHours(1);
        using CancellationTokenSource attempt = new();
        Task sending = new MailRig().Sink(options).SendAsync(SomeAlerts.Exceeded, attempt.Token).AsTask();
        await hangs();
        Assert.False(sending.IsCompleted);
        await attempt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WaitAsync(MailServers.Patience));
    }
}
