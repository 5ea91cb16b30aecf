using System.Text.Json;
using System.Threading.Channels;

namespace BudgetGuard.Email.Tests.Rig;

/// <summary>One server: its port, and what it tells.</summary>
public sealed class MailServer(int port, ChannelReader<JsonElement> told)
{
    public int Port { get; } = port;

    /// <summary>The next mail that arrives; what else the server tells before is passed over.</summary>
    public async Task<ReceivedMail> MailAsync() =>
        (await HeardAsync("mail")).GetProperty("mail").Deserialize<ReceivedMail>(JsonSerializerOptions.Web)!;

    /// <summary>Waits until the server tells something of a kind.</summary>
    public async Task<JsonElement> HeardAsync(string kind, Func<JsonElement, bool>? isMeant = null)
    {
        while (true)
        {
            JsonElement said = await told.ReadAsync().AsTask().WaitAsync(MailServers.Patience);
            if (said.GetProperty("kind").GetString() == kind && isMeant?.Invoke(said) != false)
            {
                return said;
            }
        }
    }

    /// <summary>The kinds of what it told so far and nobody asked for.</summary>
    public List<string> Rest()
    {
        List<string> kinds = [];
        while (told.TryRead(out JsonElement said))
        {
            kinds.Add(said.GetProperty("kind").GetString()!);
        }

        return kinds;
    }
}

/// <summary>A mail as it arrived: its envelope, and what mailparser made of it.</summary>
public sealed record ReceivedMail
{
    public required bool Secure { get; init; }

    public required string? User { get; init; }

    public required string Sender { get; init; }

    public required string[] Recipients { get; init; }

    public required string[] Headers { get; init; }

    public required string[] Lines { get; init; }

    public required string From { get; init; }

    public required string[] To { get; init; }

    public required int Cc { get; init; }

    public required int Bcc { get; init; }

    public required string Subject { get; init; }

    public required string MessageId { get; init; }

    public required DateTimeOffset Date { get; init; }

    public required string Text { get; init; }

    public required string Html { get; init; }

    public required int Attachments { get; init; }

    public required int LongestLine { get; init; }
}
