using System.Net;
using System.Net.Security;
using System.Text;
using Microsoft.Extensions.Logging;
using MimeKit;

namespace BudgetGuard.Email;

/// <summary>Sends each alert as one mail, over a connection of its own.</summary>
internal sealed partial class EmailAlertSink : IAlertSink
{
    /// <summary>How long a server may take to say goodbye once it has the mail.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly EmailSettings _settings;
    private readonly MailComposer _composer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RemoteCertificateValidationCallback? _certificateCheck;

    public EmailAlertSink(
        string name, EmailSettings settings, TimeProvider time, ILoggerFactory loggers, RemoteCertificateValidationCallback? certificateCheck)
    {
        Name = name;
        _settings = settings;
        _composer = new MailComposer(settings, time);
        _time = time;
        _logger = loggers.CreateLogger("BudgetGuard.Alerts");
        _certificateCheck = certificateCheck;
    }

    public string Name { get; }

    public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(alert);
        cancellationToken.ThrowIfCancellationRequested();
        using MimeMessage message = _composer.Compose(alert);
        using MailSession session = new(_settings.Timeout, _certificateCheck);
        MailStep step = MailStep.Connecting;
        try
        {
            await session.ConnectAsync(_settings.Host, _settings.Port, _settings.Security, cancellationToken).ConfigureAwait(false);
            if (!string.IsNullOrEmpty(_settings.UserName))
            {
                step = MailStep.LoggingOn;
                await session.AuthenticateAsync(Encoding.UTF8, new NetworkCredential(_settings.UserName, _settings.Password), cancellationToken).ConfigureAwait(false);
            }

            step = MailStep.Sending;
            await session.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Whatever it came out as: the library wraps a cancelled handshake.
            cancellationToken.ThrowIfCancellationRequested();
            throw MailFailure.Explain(failure, step, session.CertificateErrors);
        }

        if (session.Refusal is { } refusal)
        {
            LogRefusedRecipients(Name, session.RefusedRecipients, _settings.To.Length, MailFailure.Code(refusal.StatusCode, refusal.Response), alert.Id);
        }

        await LeaveAsync(session, cancellationToken).ConfigureAwait(false);
    }

    private async Task LeaveAsync(MailSession session, CancellationToken cancellationToken)
    {
        using CancellationTokenSource farewell = new(Farewell, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(farewell.Token, cancellationToken);
        try
        {
            await session.DisconnectAsync(quit: true, either.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The server has taken the mail: to fail now would have it sent twice.
        }
    }

    [LoggerMessage(
        EventId = 480, EventName = "MailRecipientsRefused", Level = LogLevel.Warning,
        Message = "Alert sink {Sink}: {Refused} of {Recipients} recipients were refused by the mail server ({Code}); alert {AlertId} went to the others")]
    private partial void LogRefusedRecipients(string sink, int refused, int recipients, string code, Guid alertId);
}
