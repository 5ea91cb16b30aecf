using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MimeKit;

namespace BudgetGuard.Email;

/// <summary>One connection to the mail server. Remembers which recipients and which certificate were refused.</summary>
internal sealed class MailSession : SmtpClient
{
    private readonly RemoteCertificateValidationCallback? _check;

    public MailSession(TimeSpan timeout, RemoteCertificateValidationCallback? check)
    {
        _check = check;

        // The caller's token bounds the whole; this bounds a single read where the caller has none.
        Timeout = (int)Math.Clamp(timeout.TotalMilliseconds, 1, int.MaxValue);

        // MailKit's own check also takes certificates it knows by heart; here the system's trust decides alone.
        ServerCertificateValidationCallback = Accepts;

        // As HttpClient does: to ask the authority takes time that no token bounds, and fails where only the mail server can be reached.
        CheckCertificateRevocation = false;
    }

    /// <summary>What was wrong with the server's certificate, if it was refused.</summary>
    public SslPolicyErrors CertificateErrors { get; private set; }

    public int RefusedRecipients { get; private set; }

    /// <summary>How the server refused a recipient; one that may be taken later wins.</summary>
    public SmtpResponse? Refusal { get; private set; }

    // One recipient that left the company must not keep the alert from all others.
    protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
    {
        RefusedRecipients++;
        if (Refusal is null || (int)response.StatusCode < 500)
        {
            Refusal = response;
        }
    }

    protected override void OnNoRecipientsAccepted(MimeMessage message) =>
        throw new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, Refusal!.StatusCode, Refusal.Response);

    private bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        bool isAccepted = _check is null ? errors == SslPolicyErrors.None : _check(sender, certificate, chain, errors);
        CertificateErrors = isAccepted ? SslPolicyErrors.None : errors;
        return isAccepted;
    }
}
