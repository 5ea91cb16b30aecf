using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using BudgetGuard.Email.Tests.Rig;

namespace BudgetGuard.Email.Tests;

/// <summary>Whether another try is worth it, and that nothing goes out where the connection cannot be trusted.</summary>
[Collection(SharesMailServers.Name)]
public sealed class EmailFailureTests(MailServers servers)
{
    [Theory]
    [InlineData("connect", 421, false, "The mail server refused the connection: 421.")]
    [InlineData("connect", 554, true, "The mail server refused the connection: 554.")]
    [InlineData("sender", 451, false, "The mail server refused the sender: 451.")]
    [InlineData("sender", 553, true, "The mail server refused the sender: 553.")]
    [InlineData("message", 452, false, "The mail server refused the message: 452.")]
    [InlineData("message", 552, true, "The mail server refused the message: 552.")]
    public async Task Refusal_is_permanent_from_500_on(string at, int code, bool isPermanent, string message)
    {
        JsonObject script = MailRig.Script();
        script[at] = MailRig.Refusal(code);
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(await servers.OpenAsync(script)));
        Assert.Equal((message, isPermanent), (failure.Message, failure.IsPermanent));
    }

    [Theory]
    [InlineData(550, 550, true, "The mail server refused every recipient: 550 5.1.1.")]
    [InlineData(550, 450, false, "The mail server refused every recipient: 450 5.1.1.")]
    [InlineData(450, 550, false, "The mail server refused every recipient: 450 5.1.1.")]
    public async Task Refusal_of_all_recipients_is_permanent_unless_one_may_be_taken_later(int first, int second, bool isPermanent, string message)
    {
        JsonObject script = MailRig.Script();
        script["ops@example.com"] = MailRig.Refusal(first, "5.1.1 secret text");
        script["finance@example.org"] = MailRig.Refusal(second, "5.1.1 secret text");
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(await servers.OpenAsync(script)));
        Assert.Equal((message, isPermanent), (failure.Message, failure.IsPermanent));
    }

    [Theory]
    [InlineData(535, true)]
    [InlineData(454, false)]
    public async Task Log_on_that_is_refused_is_permanent_unless_the_server_says_later(int code, bool isPermanent)
    {
        JsonObject script = MailRig.Script();
        (script["user"], script["logOn"]) = ("budget-mailer", MailRig.Refusal(code));
        MailServer server = await servers.OpenAsync(script);
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(WithPassword(server)));
        Assert.Equal(($"The mail server refused the log-on: {code}.", isPermanent), (failure.Message, failure.IsPermanent));
        Assert.DoesNotContain("mail", server.Rest());
    }

    [Fact]
    public async Task Server_that_wants_a_log_on_and_gets_none_is_permanent()
    {
        JsonObject script = MailRig.Script();
        (script["user"], script["password"], script["requiresLogOn"]) = ("u", "p", true);
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(await servers.OpenAsync(script)));
        Assert.True(failure.IsPermanent);
        Assert.Equal("The mail server takes no mail without log-on; UserName and Password are needed.", failure.Message);
    }

    [Fact]
    public async Task Server_without_log_on_is_permanent()
    {
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(WithPassword(await servers.OpenAsync(MailRig.Script()))));
        Assert.True(failure.IsPermanent);
        Assert.Equal("The mail server offers no way to log on with a user name and password.", failure.Message);
    }

    [Fact]
    public async Task Server_without_starttls_gets_neither_password_nor_mail()
    {
        MailServer server = await servers.OpenAsync(new JsonObject
        {
            ["answers"] = new JsonObject { ["CONNECT"] = "220 here", ["EHLO"] = "250-here\n250 AUTH PLAIN LOGIN", ["AUTH"] = "235 ok", ["MAIL"] = "250 ok", ["QUIT"] = "221 bye" },
        });
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(WithPassword(server)));
        Assert.True(failure.IsPermanent);
        Assert.StartsWith("The mail server does not offer STARTTLS; nothing was sent.", failure.Message, StringComparison.Ordinal);
        await server.HeardAsync("command", said => said.GetProperty("command").GetString() == "EHLO");
        Assert.Equal([], server.Rest());
    }

    [Theory]
    [InlineData("starttls", "StartTls")]
    [InlineData("tls", "Tls")]
    public async Task Certificate_that_nobody_signed_is_refused(string script, string security)
    {
        JsonObject log = MailRig.Script(script);
        (log["user"], log["password"]) = ("budget-mailer", "password");
        MailServer server = await servers.OpenAsync(log);
        AlertSinkOptions options = WithPassword(server);
        options.Security = security;
        AlertDeliveryException failure = await FailsAsync(new MailRig { TrustsCertificate = false }.Sink(options));
        Assert.True(failure.IsPermanent);
        Assert.Equal("The mail server's certificate was not accepted (RemoteCertificateChainErrors); nothing was sent.", failure.Message);
        Assert.DoesNotContain("auth", server.Rest());
    }

    [Fact]
    public async Task Certificate_for_another_name_is_refused()
    {
        AlertSinkOptions options = MailRig.Options(await servers.OpenAsync(MailRig.Script()));
        options.Host = "127.0.0.1";
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(options));
        Assert.True(failure.IsPermanent);
        Assert.Contains("RemoteCertificateNameMismatch", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CONNECT")]
    [InlineData("EHLO")]
    [InlineData("MAIL")]
    [InlineData("DATA")]
    [InlineData(".")]
    public async Task Connection_that_breaks_off_is_worth_another_try(string at)
    {
        JsonObject answers = PlainAnswers();
        answers[at] = "drop";
        AlertSinkOptions options = MailRig.Options(await servers.OpenAsync(new JsonObject { ["answers"] = answers }));
        options.Security = "None";
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(options));
        Assert.Equal(("The connection to the mail server broke off.", false), (failure.Message, failure.IsPermanent));
    }

    [Fact]
    public async Task Server_that_is_not_there_is_worth_another_try()
    {
        using TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        AlertSinkOptions options = MailRig.Options(new MailServer(((IPEndPoint)closed.LocalEndpoint).Port, System.Threading.Channels.Channel.CreateUnbounded<System.Text.Json.JsonElement>().Reader));
        closed.Stop();
        AlertDeliveryException failure = await FailsAsync(new MailRig().Sink(options));
        Assert.Equal(("The mail server cannot be reached: ConnectionRefused.", false), (failure.Message, failure.IsPermanent));
    }

    [Fact]
    public async Task Server_that_breaks_off_after_it_took_the_mail_is_no_failure()
    {
        JsonObject answers = PlainAnswers();
        answers["QUIT"] = "drop";
        AlertSinkOptions options = MailRig.Options(await servers.OpenAsync(new JsonObject { ["answers"] = answers }));
        options.Security = "None";
        await new MailRig().Sink(options).SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
    }

    internal static JsonObject PlainAnswers() => new()
    {
        ["CONNECT"] = "220 here", ["EHLO"] = "250 here", ["MAIL"] = "250 ok", ["RCPT"] = "250 ok", ["DATA"] = "354 go on", ["."] = "250 taken", ["RSET"] = "250 ok", ["QUIT"] = "221 bye",
    };

    private static AlertSinkOptions WithPassword(MailServer server)
    {
        AlertSinkOptions options = MailRig.Options(server);
        (options.UserName, options.Password) = ("budget-mailer", "password");
        return options;
    }

    private static Task<AlertDeliveryException> FailsAsync(IAlertSink sink) =>
        Assert.ThrowsAsync<AlertDeliveryException>(() => sink.SendAsync(SomeAlerts.Exceeded, CancellationToken.None).AsTask().WaitAsync(MailServers.Patience));
}
