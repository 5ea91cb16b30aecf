namespace BudgetGuard;

/// <summary>Whom alerts are sent to, and how.</summary>
public sealed class AlertOptions
{
    /// <summary>The sinks, by name. The log is always told, unless a sink of type <c>Log</c> is configured here, with its own filter.</summary>
    public IDictionary<string, AlertSinkOptions> Sinks { get; set; } = new Dictionary<string, AlertSinkOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>How long shutdown waits at most for alerts that are still to be sent. Default 5 seconds, at most 5 minutes; the host's own ShutdownTimeout counts as well.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The local time of day from which on the <c>daily_summary</c> of all budgets is sent, once a day, within half a minute. Default null: none.</summary>
    public TimeOnly? DailySummaryAt { get; set; }

    /// <summary>The time zone of <see cref="DailySummaryAt"/>, as an IANA or Windows name. Default UTC.</summary>
    public string? TimeZone { get; set; }
}

/// <summary>One sink. Which keys beside the common ones it has depends on its type; those of other types are refused.</summary>
public sealed class AlertSinkOptions
{
    /// <summary><c>Log</c>, <c>Console</c>, <c>Webhook</c>, <c>Slack</c>, <c>Teams</c>, <c>Discord</c>, <c>PagerDuty</c>, <c>Email</c> (package BudgetGuard.Email) or one of an <see cref="IAlertSinkFactory"/> of your own.</summary>
    public string? Type { get; set; }

    /// <summary>The least severity that is sent. Default <see cref="AlertSeverity.Information"/>: all.</summary>
    public AlertSeverity MinSeverity { get; set; } = AlertSeverity.Information;

    /// <summary>The budgets whose alerts are sent; <c>*</c> stands for any characters. Empty: all, and alerts about no budget.</summary>
    public IList<string> Budgets { get; set; } = [];

    /// <summary>The types that are sent. Empty: all.</summary>
    public IList<string> Types { get; set; } = [];

    /// <summary>
    /// Whether <c>recovered</c> is sent for what was sent before. Default: true for <c>PagerDuty</c>, which closes its incidents with it, <c>Webhook</c>,
    /// <c>Log</c> and <c>Console</c>; false for chat and mail.
    /// </summary>
    public bool? SendRecovered { get; set; }

    /// <summary>How many messages a minute are sent at most; what is above is folded into one digest. Default 20.</summary>
    public int MaxPerMinute { get; set; } = 20;

    /// <summary>If set, nothing is sent at once: every so often one digest tells what came together. Default none.</summary>
    public TimeSpan? DigestEvery { get; set; }

    /// <summary>How long one attempt may take. Default 10 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a failed attempt is repeated, after 1, 2, 4, … seconds with jitter, or when the receiver's <c>Retry-After</c> says. Default 3.</summary>
    public int Retries { get; set; } = 3;

    /// <summary>The address alerts are posted to. A secret for Slack, Teams and Discord.</summary>
    public string? Url { get; set; }

    /// <summary>A file that holds <see cref="Url"/>.</summary>
    public string? UrlFile { get; set; }

    /// <summary>
    /// What a webhook is signed with: <c>whsec_</c> and 24 to 64 bytes in base64, by Standard Webhooks. Several, separated by spaces, sign each message with each, to change
    /// a secret without a gap.
    /// </summary>
    public string? Secret { get; set; }

    /// <summary>A file that holds <see cref="Secret"/>.</summary>
    public string? SecretFile { get; set; }

    /// <summary>True: a webhook's body is a CloudEvents 1.0 event in structured mode. Default false.</summary>
    public bool CloudEvents { get; set; }

    /// <summary>True: the address may be on this machine or in a private network, and plain http. Default false.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>The integration key of a PagerDuty service (Events API v2).</summary>
    public string? RoutingKey { get; set; }

    /// <summary>A file that holds <see cref="RoutingKey"/>.</summary>
    public string? RoutingKeyFile { get; set; }

    /// <summary>The mail server.</summary>
    public string? Host { get; set; }

    /// <summary>The mail server's port. Default 587; 465 with <see cref="Security"/> <c>Tls</c>.</summary>
    public int? Port { get; set; }

    /// <summary>How the connection to the mail server is secured: <c>StartTls</c>, <c>Tls</c> or <c>None</c>. Default <c>StartTls</c>.</summary>
    public string? Security { get; set; }

    /// <summary>The name to log on to the mail server with; null to send without.</summary>
    public string? UserName { get; set; }

    /// <summary>The password to log on to the mail server with.</summary>
    public string? Password { get; set; }

    /// <summary>A file that holds <see cref="Password"/>.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>The sender's address.</summary>
    public string? From { get; set; }

    /// <summary>The recipients' addresses.</summary>
    public IList<string> To { get; set; } = [];

    /// <summary>Each value that may be in a file of its own: its key, its value, its file.</summary>
    internal IEnumerable<(string Key, string? Value, string? File)> SecretFiles() =>
    [
        (nameof(Url), Url, UrlFile), (nameof(Secret), Secret, SecretFile), (nameof(RoutingKey), RoutingKey, RoutingKeyFile),
        (nameof(Password), Password, PasswordFile),
    ];

    /// <summary>A copy of its own, in which what files hold is in the options themselves.</summary>
    internal AlertSinkOptions WithSecretsRead()
    {
        var copy = (AlertSinkOptions)MemberwiseClone();
        copy.Budgets = [.. Budgets];
        copy.Types = [.. Types];
        copy.To = [.. To];
        copy.Url ??= Read(UrlFile);
        copy.Secret ??= Read(SecretFile);
        copy.RoutingKey ??= Read(RoutingKeyFile);
        copy.Password ??= Read(PasswordFile);
        return copy;
    }

    private static string? Read(string? file) => file is null ? null : Configuration.SecretFile.Read(file, out _);
}
