using System.Text;
using MimeKit;
using MimeKit.Text;

namespace BudgetGuard.Email;

/// <summary>
/// Makes the message of an alert. Only the configuration and the alert's own words reach its headers, never client text.
/// </summary>
internal sealed class MailComposer(EmailSettings settings, TimeProvider time)
{
    public MimeMessage Compose(BudgetAlert alert)
    {
        MimeMessage message = new();
        message.From.Add(settings.From.Copy());
        foreach (MailboxAddress recipient in settings.To)
        {
            message.To.Add(recipient.Copy());
        }

        message.Subject = Subject(alert);
        message.Date = time.GetUtcNow();

        // A repeated send carries the same one, so that mail systems and people can tell.
        message.MessageId = $"{alert.Id:N}.budgetguard@{MailboxAddress.EncodeAddrspec(settings.From.Address).Split('@')[^1]}";
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Headers.Add("X-Auto-Response-Suppress", "All");
        message.Body = new MultipartAlternative { Part(TextFormat.Plain, MailBody.Text(alert)), Part(TextFormat.Html, MailBody.Html(alert)) };
        return message;
    }

    internal static string Subject(BudgetAlert alert)
    {
        string what = alert.Recovers is null ? alert.Type : $"{alert.Type} ({alert.Recovers})";
        return MailText.Line(alert.Budget is null ? $"[{alert.Severity}] {what}" : $"[{alert.Severity}] {alert.Budget}: {what}", 200);
    }

    private static TextPart Part(TextFormat format, string text)
    {
        TextPart part = new(format);
        part.SetText(Encoding.UTF8, text);

        // Also to servers that take 8-bit text: it keeps every line below the limit of 998 bytes.
        part.ContentTransferEncoding = ContentEncoding.QuotedPrintable;
        return part;
    }
}
