using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using BudgetGuard.Gateway.Settings;

namespace BudgetGuard.Gateway.Callers;

/// <summary>The configured keys, kept as hashes only, so that comparing them tells nothing by the time it takes.</summary>
internal sealed class CallerKeys
{
    private const int IdBytes = 6;
    private readonly ImmutableArray<(byte[] Hash, Caller Caller)> _keys;

    public CallerKeys(GatewaySettings settings) => _keys = [.. settings.Keys.Select(ToEntry)];

    public bool IsEmpty => _keys.IsEmpty;

    /// <summary>
    /// The caller of a request. Null if none of the keys it presents is known, and also if two are: it must not matter which of them a header comes first with.
    /// </summary>
    public Caller? Find(HttpRequest request, bool isGemini)
    {
        Caller? found = null;
        foreach (string presented in Credentials.Of(request, isGemini))
        {
            if (Find(presented) is not { } caller)
            {
                continue;
            }

            if (found is not null && found != caller)
            {
                return null;
            }

            found = caller;
        }

        return found;
    }

    private Caller? Find(string presented)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(presented, hash);
        Caller? found = null;
        foreach ((byte[] known, Caller caller) in _keys)
        {
            // No way out before the last one.
            if (CryptographicOperations.FixedTimeEquals(known, hash))
            {
                found = caller;
            }
        }

        return found;
    }

    private static (byte[] Hash, Caller Caller) ToEntry(CallerKeySettings key)
    {
        byte[] hash = new byte[SHA256.HashSizeInBytes];
        Hash(key.Key, hash);

        // Hashed again: the id is seen by people, and must not be the beginning of what keys are compared by.
        string id = "key_" + Convert.ToHexStringLower(SHA256.HashData(hash).AsSpan(0, IdBytes));
        return (hash, new Caller(id, new BudgetSubject(key.User) { Team = key.Team, ApiKeyId = id }));
    }

    private static void Hash(string key, Span<byte> hash) => SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
}
