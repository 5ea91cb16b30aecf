using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Email.Tests.Rig;

/// <summary>Makes sinks as the application does: the options pass the check, then the factory makes one.</summary>
internal sealed class MailRig
{
    public static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    public FakeTimeProvider Time { get; } = new(Now);

    public FakeLogCollector Logs { get; } = FakeLogCollector.Create(new FakeLogCollectorOptions());

    /// <summary>False: certificates are checked as in production.</summary>
    public bool TrustsCertificate { get; init; } = true;

    /// <summary>A script for a server with the certificate of the tests.</summary>
    public static JsonObject Script(string security = "starttls") =>
        new() { ["security"] = security, ["certificate"] = TestCertificate.Certificate, ["key"] = TestCertificate.Key };

    public static JsonObject Refusal(int code, string? text = null) => new() { ["code"] = code, ["text"] = text };

    public static AlertSinkOptions Options(MailServer server) => new()
    {
        Type = "Email",
        Host = "localhost",
        Port = server.Port,
        From = "Budgets <budgets@example.com>",
        To = ["ops@example.com", "Finance <finance@example.org>"],
    };

    public IAlertSink Sink(AlertSinkOptions options)
    {
        LoggerFactory loggers = new([new FakeLoggerProvider(Logs)], new LoggerFilterOptions { MinLevel = LogLevel.Trace });
        EmailAlertSinkFactory factory = new(Time, loggers) { CertificateCheck = TrustsCertificate ? TestCertificate.Trust : null };
        Assert.Empty(factory.Check(options));
        return factory.Create("mail", options);
    }

    public IAlertSink Sink(MailServer server) => Sink(Options(server));
}
