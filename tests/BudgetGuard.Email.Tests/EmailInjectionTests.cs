using BudgetGuard.Email.Tests.Rig;

namespace BudgetGuard.Email.Tests;

/// <summary>Client text can change neither who gets a mail nor how it is shown.</summary>
[Collection(SharesMailServers.Name)]
public sealed class EmailInjectionTests(MailServers servers)
{
    private static readonly string _long = string.Concat(Enumerable.Repeat("0123456789", 1000));

    public static TheoryData<string, string> Payloads() => new()
    {
        { "a\r\nBcc: evil@example.com", "a Bcc: evil@example.com" },
        { "a\nBcc: evil@example.com\n\n<p>", "a Bcc: evil@example.com <p>" },
        { "a\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<evil@example.com>\r\nDATA\r\n", "a . MAIL FROM:<evil@example.com> RCPT TO:<evil@example.com> DATA" },
        { "a\u2028Bcc: evil@example.com\u2029\u0085b", "a Bcc: evil@example.com b" },
        { "a\0\u001b[31mb\u007f", "a [31mb" },
        { "<script>alert(1)</script><img src=x onerror=\"alert('1')\">&amp;", "<script>alert(1)</script><img src=x onerror=\"alert('1')\">&amp;" },
        { "evil@example.com, <evil@example.com>;", "evil@example.com, <evil@example.com>;" },
        { "=?utf-8?q?Bcc=3A_evil=40example=2Ecom?=", "=?utf-8?q?Bcc=3A_evil=40example=2Ecom?=" },
        { "user\u202Egpj.exe\u2066", "usergpj.exe" },
        { "👩‍🚀 Zoë 日本", "👩‍🚀 Zoë 日本" },
        { "half \ud83d pair", "half \ufffd pair" },
        { _long, _long[..256] + "…" },
    };

    [Theory]
    [MemberData(nameof(Payloads))]
    public async Task T179_Client_text_reaches_only_the_body_and_only_as_text(string payload, string shown)
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        IAlertSink sink = new MailRig().Sink(server);
        await sink.SendAsync(SomeAlerts.Exceeded, CancellationToken.None);
        ReceivedMail harmless = await server.MailAsync();
        await sink.SendAsync(
            SomeAlerts.Exceeded with
            {
                Per = ["User", payload],
                Partition = [payload, payload],
                Model = payload,
                Operation = payload,
                Message = $"Budget team-month ({payload})",
                Items = [new AlertItem { Budget = payload, Text = payload, Type = payload }],
            },
            CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();

        Assert.Equal(["ops@example.com", "finance@example.org"], mail.Recipients);
        Assert.Equal(["ops@example.com", "finance@example.org"], mail.To);
        Assert.Equal((0, 0), (mail.Cc, mail.Bcc));
        Assert.Equal("budgets@example.com", mail.Sender);
        Assert.Equal(harmless.Lines.Where(NoBoundary), mail.Lines.Where(NoBoundary));
        Assert.Equal(harmless.Headers, mail.Headers);
        Assert.True(mail.LongestLine <= 998, $"A line has {mail.LongestLine} bytes.");
        string[] lines = mail.Text.Split('\n');
        foreach (string label in new[] { "User", "Model", "Operation" })
        {
            Assert.Equal(shown, Assert.Single(lines, line => line.StartsWith($"{label}:", StringComparison.Ordinal))[(label.Length + 1)..].TrimStart());
            Assert.Contains($"{label}</th><td style=\"text-align:left;vertical-align:top;padding:2px 12px 2px 0\">{System.Text.Encodings.Web.HtmlEncoder.Default.Encode(shown)}</td>", mail.Html, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("<script", mail.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", mail.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal([], server.Rest());

        static bool NoBoundary(string line) => !line.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("org\r\nBcc: evil@example.com", "[Critical] org Bcc: evil@example.com: budget_exceeded")]
    [InlineData("日本 🚀", "[Critical] 日本 🚀: budget_exceeded")]
    public async Task T179_Subject_stays_one_header(string budget, string subject)
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        await new MailRig().Sink(server).SendAsync(SomeAlerts.Exceeded with { Budget = budget }, CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();
        Assert.Equal(subject, mail.Subject);
        Assert.Equal(["ops@example.com", "finance@example.org"], mail.Recipients);
        Assert.Equal(0, mail.Bcc);
    }

    [Fact]
    public async Task T179_Ten_thousand_characters_everywhere_arrive_cut()
    {
        MailServer server = await servers.OpenAsync(MailRig.Script());
        await new MailRig().Sink(server).SendAsync(
            SomeAlerts.Exceeded with { Budget = _long, Type = _long, Message = _long, Recovers = _long, Items = [new AlertItem { Text = _long }] }, CancellationToken.None);
        ReceivedMail mail = await server.MailAsync();
        Assert.Equal(201, mail.Subject.Length);
        Assert.True(mail.LongestLine <= 998, $"A line has {mail.LongestLine} bytes.");
        Assert.StartsWith(_long[..2000] + "…", mail.Text, StringComparison.Ordinal);
        Assert.True(mail.Text.Length < 6000, $"{mail.Text.Length} characters.");
    }
}
