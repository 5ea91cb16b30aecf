using System.Globalization;
using System.Net.Security;
using MailKit.Security;
using Microsoft.Extensions.Logging;
using MimeKit;

namespace BudgetGuard.Email;

/// <summary>Makes the sinks of type <c>Email</c>.</summary>
internal sealed class EmailAlertSinkFactory(TimeProvider time, ILoggerFactory loggers) : IAlertSinkFactory
{
    /// <summary>RFC 5321 has every server take as many in one message; more would be refused by some.</summary>
    private const int MostRecipients = 100;

    private const int SubmissionPort = 587;
    private const int TlsPort = 465;

    public string Type => "Email";

    public IReadOnlyList<string> Keys { get; } =
    [
        nameof(AlertSinkOptions.Host), nameof(AlertSinkOptions.Port), nameof(AlertSinkOptions.Security), nameof(AlertSinkOptions.UserName),
        nameof(AlertSinkOptions.Password), nameof(AlertSinkOptions.From), nameof(AlertSinkOptions.To),
    ];

    /// <summary>Decides on a server's certificate in place of the system's trust; only tests set it.</summary>
    internal RemoteCertificateValidationCallback? CertificateCheck { get; init; }

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<(string Key, string Problem)> problems = [];
        CheckServer(options, problems);
        CheckLogOn(options, problems);
        CheckAddresses(options, problems);
        return problems;
    }

    public IAlertSink Create(string name, AlertSinkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SecureSocketOptions security = SecurityOf(options.Security)
            ?? throw new ArgumentException($"{nameof(AlertSinkOptions.Security)} did not pass the check.", nameof(options));
        EmailSettings settings = new()
        {
            Host = options.Host!.Trim(),
            Port = options.Port ?? (security == SecureSocketOptions.SslOnConnect ? TlsPort : SubmissionPort),
            Security = security,
            UserName = options.UserName,
            Password = options.Password,
            Timeout = options.Timeout,
            From = Parsed(options.From),
            To = [.. options.To.Select(Parsed)],
        };
        return new EmailAlertSink(name, settings, time, loggers, CertificateCheck);

        static MailboxAddress Parsed(string? address) =>
            MailAddresses.TryParse(address, out MailboxAddress? parsed) ? parsed : throw new ArgumentException("An address did not pass the check.", nameof(options));
    }

    private static void CheckServer(AlertSinkOptions options, List<(string Key, string Problem)> problems)
    {
        if (string.IsNullOrWhiteSpace(options.Host))
        {
            problems.Add((nameof(AlertSinkOptions.Host), "is missing; expected the name of the mail server, such as 'smtp.example.com'"));
        }
        else if (Uri.CheckHostName(options.Host.Trim()) == UriHostNameType.Unknown)
        {
            problems.Add((nameof(AlertSinkOptions.Host), $"{Shown(options.Host)} is no name of a host; expected one without scheme and port, such as 'smtp.example.com'"));
        }

        if (options.Port is { } port and not (> 0 and <= 65535))
        {
            problems.Add((nameof(AlertSinkOptions.Port), string.Create(CultureInfo.InvariantCulture, $"'{port}' is no port; expected 1 to 65535")));
        }

        if (SecurityOf(options.Security) is null)
        {
            problems.Add((nameof(AlertSinkOptions.Security), $"{Shown(options.Security)} is unknown; expected StartTls, Tls or None"));
        }
    }

    private static void CheckLogOn(AlertSinkOptions options, List<(string Key, string Problem)> problems)
    {
        bool hasUser = !string.IsNullOrEmpty(options.UserName);
        bool hasPassword = !string.IsNullOrEmpty(options.Password);
        if (hasUser && !hasPassword)
        {
            problems.Add((nameof(AlertSinkOptions.Password), "is missing; expected one with UserName, or neither for a server that needs no log-on"));
        }
        else if (hasPassword && !hasUser)
        {
            problems.Add((nameof(AlertSinkOptions.UserName), "is missing; expected one with Password, or neither for a server that needs no log-on"));
        }

        if (hasPassword && SecurityOf(options.Security) == SecureSocketOptions.None)
        {
            problems.Add((nameof(AlertSinkOptions.Security), "None would send the password in plain text; expected StartTls or Tls where there is a Password"));
        }
    }

    private static void CheckAddresses(AlertSinkOptions options, List<(string Key, string Problem)> problems)
    {
        const string Expected = "expected one such as 'budgets@example.com' or 'Budgets <budgets@example.com>'";
        if (string.IsNullOrWhiteSpace(options.From))
        {
            problems.Add((nameof(AlertSinkOptions.From), $"is missing; expected the sender's address, {Expected["expected one ".Length..]}"));
        }
        else if (!MailAddresses.TryParse(options.From, out _))
        {
            problems.Add((nameof(AlertSinkOptions.From), $"{Shown(options.From)} is no address; {Expected}"));
        }

        if (options.To.Count == 0)
        {
            problems.Add((nameof(AlertSinkOptions.To), "is empty; expected at least one recipient's address"));
        }
        else if (options.To.Count > MostRecipients)
        {
            problems.Add((
                nameof(AlertSinkOptions.To),
                string.Create(CultureInfo.InvariantCulture, $"has {options.To.Count} addresses; expected at most {MostRecipients}, or a mailing list")));
        }

        for (int i = 0; i < options.To.Count; i++)
        {
            if (!MailAddresses.TryParse(options.To[i], out _))
            {
                problems.Add((string.Create(CultureInfo.InvariantCulture, $"{nameof(AlertSinkOptions.To)}:{i}"), $"{Shown(options.To[i])} is no address; {Expected}"));
            }
        }
    }

    // MailKit's Auto and StartTlsWhenAvailable are left out: they go on in plain text where somebody in between hides that the server can do TLS.
    private static SecureSocketOptions? SecurityOf(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        null or "" or "STARTTLS" => SecureSocketOptions.StartTls,
        "TLS" => SecureSocketOptions.SslOnConnect,
        "NONE" => SecureSocketOptions.None,
        _ => null,
    };

    private static string Shown(string? value) => $"'{MailText.Line(value, 60)}'";
}
