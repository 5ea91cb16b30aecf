using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace BudgetGuard.Email;

/// <summary>What the connection was at when it failed.</summary>
internal enum MailStep
{
    Connecting,
    LoggingOn,
    Sending,
}

/// <summary>
/// Tells a failure in words of its own: what a server answers may repeat what was sent to it, so that of its answer only the code is told, and the cause
/// is not passed on.
/// </summary>
internal static partial class MailFailure
{
    public static AlertDeliveryException Explain(Exception failure, MailStep step, SslPolicyErrors certificateErrors) => failure switch
    {
        AuthenticationException { InnerException: SmtpCommandException answer } => Answered("refused the log-on", answer),
        AuthenticationException => Permanent("The mail server refused the log-on."),
        SmtpCommandException answer => Answered(step switch
        {
            MailStep.Connecting => "refused the connection",
            MailStep.LoggingOn => "refused the log-on",
            _ when answer.ErrorCode == SmtpErrorCode.RecipientNotAccepted => "refused every recipient",
            _ when answer.ErrorCode == SmtpErrorCode.SenderNotAccepted => "refused the sender",
            _ => "refused the message",
        }, answer),
        ServiceNotAuthenticatedException => Permanent("The mail server takes no mail without log-on; UserName and Password are needed."),
        NotSupportedException => Permanent(step switch
        {
            MailStep.Connecting => "The mail server does not offer STARTTLS; nothing was sent. Security Tls is for servers that speak TLS from the start.",
            MailStep.LoggingOn => "The mail server offers no way to log on with a user name and password.",
            _ => "The mail server does not take addresses with characters beyond ASCII.",
        }),
        SslHandshakeException when certificateErrors != SslPolicyErrors.None =>
            Permanent($"The mail server's certificate was not accepted ({certificateErrors}); nothing was sent."),
        SslHandshakeException => Passing("The TLS handshake with the mail server failed; nothing was sent."),
        SocketException socket => Passing($"The mail server cannot be reached: {socket.SocketErrorCode}."),
        TimeoutException => Passing("The mail server did not answer in time."),
        IOException { InnerException: SocketException { SocketErrorCode: SocketError.TimedOut } } => Passing("The mail server did not answer in time."),
        IOException or ProtocolException or ServiceNotConnectedException => Passing("The connection to the mail server broke off."),
        _ => Passing($"The mail could not be sent: {failure.GetType().Name}."),
    };

    /// <summary>The code of an answer and, where it starts with one, its enhanced code (RFC 3463): figures only.</summary>
    public static string Code(SmtpStatusCode code, string? text)
    {
        string plain = ((int)code).ToString(CultureInfo.InvariantCulture);
        return EnhancedCode().Match(text ?? string.Empty) is { Success: true } enhanced ? $"{plain} {enhanced.Value}" : plain;
    }

    private static AlertDeliveryException Answered(string what, SmtpCommandException answer) =>
        new($"The mail server {what}: {Code(answer.StatusCode, answer.Message)}.") { IsPermanent = (int)answer.StatusCode >= 500 };

    private static AlertDeliveryException Permanent(string message) => new(message) { IsPermanent = true };

    private static AlertDeliveryException Passing(string message) => new(message);

    [GeneratedRegex(@"^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])", RegexOptions.CultureInvariant)]
    private static partial Regex EnhancedCode();
}
