using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Alerts.Raising;

/// <summary>What identifies alerts: the same on every node and each time the same thing is told.</summary>
internal static class AlertIds
{
    /// <summary>The identity of the alert that a claim is for.</summary>
    public static Guid IdOf(AlertClaim claim) => new(Hash(claim, claim.Type, isIncident: false).AsSpan(0, 16), bigEndian: true);

    /// <summary>What an alert of a type has in common with the one that tells that it is over.</summary>
    public static string IncidentOf(AlertClaim claim, string type) => Convert.ToHexStringLower(Hash(claim, type, isIncident: true).AsSpan(0, 16));

    private static byte[] Hash(AlertClaim claim, string type, bool isIncident)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, type);
        AddAccount(hash, claim.Account);
        Add(hash, claim.WindowStart?.UtcTicks.ToString(CultureInfo.InvariantCulture));
        if (!isIncident)
        {
            Add(hash, claim.Subject);
            Add(hash, claim.Threshold.ToString("0.############################", CultureInfo.InvariantCulture));
            Add(hash, claim.Round.ToString(CultureInfo.InvariantCulture));
        }

        return hash.GetHashAndReset();
    }

    private static void AddAccount(IncrementalHash hash, Account? account)
    {
        if (account is null)
        {
            Add(hash, null);
            return;
        }

        // Budgets are told apart whatever the case of their names.
        Add(hash, account.Key.Budget.ToUpperInvariant());
        Add(hash, account.Key.Unit.ToString());
        Add(hash, account.Key.Window.Period.ToString());
        Add(hash, account.Key.Window.Rolling?.Ticks.ToString(CultureInfo.InvariantCulture));
        AddAll(hash, account.Key.Per.IsDefault ? [] : account.Key.Per);
        AddAll(hash, account.Key.Partition.IsDefault ? [] : account.Key.Partition);
    }

    private static void AddAll(IncrementalHash hash, IReadOnlyList<string?> parts)
    {
        Add(hash, parts.Count.ToString(CultureInfo.InvariantCulture));
        foreach (string? part in parts)
        {
            Add(hash, part);
        }
    }

    /// <summary>Each part after its length, so that no two lists of parts are the same bytes; nothing is not the empty text.</summary>
    private static void Add(IncrementalHash hash, string? part)
    {
        byte[] bytes = part is null ? [] : Encoding.UTF8.GetBytes(part);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, part is null ? -1 : bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
