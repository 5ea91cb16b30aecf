using System.Text.Json.Nodes;
using BudgetGuard.Email.Tests.Rig;

namespace BudgetGuard.Email.Tests;

/// <summary>What arrives at a real mail server.</summary>
[Collection(SharesMailServers.Name)]
public sealed class EmailDeliveryTests(MailServers servers)
{
    [Fact]
    public async Task Alert_arrives_over_starttls_as_text_and_html()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        await new MailRig().Sink(server).SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();

        Assert.True(mail.Secure);
        Assert.Null(mail.User);
        Assert.Equal("budgets@example.com", mail.Sender);
        Assert.Equal(["ops@example.com", "finance@example.org"], mail.Recipients);
        Assert.Equal(["ops@example.com", "finance@example.org"], mail.To);
        Assert.Equal("\"Budgets\" <budgets@example.com>", mail.From);
        Assert.Equal("[Critical] team-month: budget_exceeded", mail.Subject);
        Assert.Equal("<0195612e2e987cc08a5e3d1f6f2b9c47.budgetguard@example.com>", mail.MessageId);
        Assert.Equal(MailRig.Now, mail.Date);
        Assert.Contains("Auto-Submitted: auto-generated", mail.Lines);
        Assert.Contains("X-Auto-Response-Suppress: All", mail.Lines);
        Assert.Equal(0, mail.Attachments);
        Assert.StartsWith(SomeAlerts.Exceeded.Message, mail.Text, StringComparison.Ordinal);
        foreach ((string label, string value) in new[]
        {
            ("Severity", "Critical"), ("Budget", "team-month"), ("Team", "research"), ("cost-center", "none"), ("Used", "1,500.000125 USD"), ("Limit", "1,500 USD"),
            ("Share used", "100 %"), ("Window began", "2026-03-01 00:00:00 UTC"), ("Starts anew", "2026-03-31 22:00:00 UTC"), ("Happened", "2026-03-04 05:06:07 UTC"),
        })
        {
            Assert.Matches($"(?m)^{label}: +{value}$", mail.Text);
            Assert.Matches($"{label}</th><td[^>]*>{value}</td>", mail.Html);
        }

        Assert.DoesNotContain("Forecast", mail.Text, StringComparison.Ordinal);
        Assert.Contains(SomeAlerts.Id.ToString(), mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alert_arrives_over_implicit_tls()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script("tls"));
        AlertSinkOptions options = MailRig.Options(server);
        options.Security = "Tls";
        await new MailRig().Sink(options).SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        Assert.True((await server.MailAsync()).Secure);
    }

    [Fact]
    public async Task Alert_arrives_in_plain_text_where_the_configuration_says_so()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script("none"));
        AlertSinkOptions options = MailRig.Options(server);
        options.Security = "None";
        await new MailRig().Sink(options).SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        Assert.False((await server.MailAsync()).Secure);
    }

    [Theory]
    [InlineData("starttls", null)]
    [InlineData("tls", "tls")]
    public async Task Alert_arrives_where_a_log_on_is_needed(string script, string? security)
    {
        JsonObject log = MailRig.Script(script);
        (log["user"], log["password"], log["requiresLogOn"]) = ("budget-mailer", "p@ss wörd", true);
        MailServer server = await servers.OpenAsync(log);
        AlertSinkOptions options = MailRig.Options(server);
        (options.UserName, options.Password, options.Security) = ("budget-mailer", "p@ss wörd", security);
        await new MailRig().Sink(options).SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();
        Assert.Equal("budget-mailer", mail.User);
        Assert.True(mail.Secure);
    }

    [Fact]
    public async Task Alert_sent_again_has_the_same_message_id()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        MailRig rig = new();
        IAlertSink sink = rig.Sink(server);
        await sink.SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await sink.SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        await sink.SendAsync(SomeAlerts.Exceeded with { Id = Guid.NewGuid() }, CancellationToken.None);
        ReceivedMail first = await server.MailAsync();
        ReceivedMail again = await server.MailAsync();
        ReceivedMail other = await server.MailAsync();
        Assert.Equal(first.MessageId, again.MessageId);
        Assert.Equal(MailRig.Now.AddMinutes(1), again.Date);
        Assert.NotEqual(first.MessageId, other.MessageId);
    }

    [Fact]
    public async Task Items_arrive_as_a_table_in_both_parts()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        await new MailRig().Sink(server).SendAsync(SomeAlerts.Summary, CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();
        Assert.Equal("[Information] daily_summary", mail.Subject);
        Assert.Contains(
            """
            Budget      Count  Used  Limit  What
            org         1      12.5  100    org: 12.5 of 100 USD used
            team-month  23     3            team-month: <b>3</b> USD used by 23 teams
            """.ReplaceLineEndings("\n"),
            mail.Text,
            StringComparison.Ordinal);
        Assert.Contains("team-month: &lt;b&gt;3&lt;/b&gt; USD used by 23 teams</td></tr>", mail.Html, StringComparison.Ordinal);
        Assert.Matches("<th scope=\"col\"[^>]*>Limit</th>", mail.Html);
        Assert.DoesNotContain(">Type</th><th", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Items_beyond_the_bound_are_counted()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        AlertItem[] items = [.. Enumerable.Range(0, 1000).Select(static i => new AlertItem { Type = "cost_spike", Text = $"spike number {i}." })];
        await new MailRig().Sink(server).SendAsync(SomeAlerts.Summary with { Type = AlertTypes.Digest, Items = items }, CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();
        Assert.Contains("spike number 199.", mail.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("spike number 200.", mail.Text + mail.Html, StringComparison.Ordinal);
        Assert.Contains("and 800 more", mail.Text, StringComparison.Ordinal);
        Assert.Contains("and 800 more", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recipient_that_is_refused_keeps_the_alert_from_nobody_else()
    {
        JsonObject script = MailRig.Script();
        script["ops@example.com"] = MailRig.Refusal(550, "5.1.1 ops@example.com left");
        MailServer server = await servers.OpenAsync(script);
        MailRig rig = new();
        await rig.Sink(server).SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        Assert.Equal(["finance@example.org"], (await server.MailAsync()).Recipients);
        Assert.Equal($"Alert sink mail: 1 of 2 recipients were refused by the mail server (550 5.1.1); alert {SomeAlerts.Id} went to the others", rig.Logs.LatestRecord.Message);
    }
}
