using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Redis;

/// <summary>What makes a hold that is asked for again the same: its accounts and what was asked for.</summary>
internal static class HoldFingerprint
{
    public static string Of(RedisAccounts accounts, in Charge amount)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, amount.Cost.Nanos);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], amount.Tokens);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], amount.Requests);
        hash.AppendData(numbers);
        foreach (RedisAccount account in accounts.All)
        {
            // Keys are all of one length.
            hash.AppendData(Encoding.ASCII.GetBytes((string)account.Own!));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
