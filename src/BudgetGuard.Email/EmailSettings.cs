using System.Collections.Immutable;
using MailKit.Security;
using MimeKit;

namespace BudgetGuard.Email;

/// <summary>What a sink was configured to, parsed.</summary>
internal sealed class EmailSettings
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required SecureSocketOptions Security { get; init; }

    public required string? UserName { get; init; }

    public required string? Password { get; init; }

    public required TimeSpan Timeout { get; init; }

    public required MailboxAddress From { get; init; }

    public required ImmutableArray<MailboxAddress> To { get; init; }
}
