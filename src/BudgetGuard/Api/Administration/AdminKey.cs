using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Api.Administration;

/// <summary>What a request's key is worth.</summary>
internal enum AdminKeyVerdict
{
    Right,
    Missing,
    Wrong,
    TooManyWrong,
}

/// <summary>
/// The key of administrators, kept as a hash only, so that comparing tells nothing by the time it takes. Wrong ones are counted over all callers and, past
/// a few in a minute, answered with 429; the right one is always let in, so that who guesses cannot lock an administrator out.
/// </summary>
internal sealed class AdminKey
{
    public const int MinLength = 32;

    /// <summary>How many wrong keys a minute are answered as such.</summary>
    public const int MostWrongAMinute = 20;

    private const string Bearer = "Bearer ";

    private readonly Lock _gate = new();
    private readonly byte[] _hash;
    private long _minute;
    private int _wrong;

    /// <exception cref="ArgumentException">The key is too short, or has characters that no header carries.</exception>
    public AdminKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length < MinLength || key.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
        {
            throw new ArgumentException($"An administration key has at least {MinLength} characters, all of them visible ASCII.", nameof(key));
        }

        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
    }

    public AdminKeyVerdict Judge(StringValues authorization, DateTimeOffset now)
    {
        if (authorization.Count != 1 || authorization[0] is not { } value || !value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return AdminKeyVerdict.Missing;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(value[Bearer.Length..].Trim()), hash);
        return CryptographicOperations.FixedTimeEquals(_hash, hash) ? AdminKeyVerdict.Right
            : CountWrong(now.UtcTicks / TimeSpan.TicksPerMinute) > MostWrongAMinute ? AdminKeyVerdict.TooManyWrong
            : AdminKeyVerdict.Wrong;
    }

    private int CountWrong(long minute)
    {
        lock (_gate)
        {
            if (minute != _minute)
            {
                (_minute, _wrong) = (minute, 0);
            }

            return _wrong = Math.Min(_wrong + 1, MostWrongAMinute + 1);
        }
    }
}
