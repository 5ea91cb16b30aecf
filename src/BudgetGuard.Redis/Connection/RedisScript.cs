using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Redis;

/// <summary>A script as it is embedded, with the digest by which a server that has it knows it.</summary>
internal sealed class RedisScript(string name, string text)
{
    public string Name { get; } = name;

    public string Text { get; } = text;

    public byte[] Digest { get; } = DigestOf(text);

    [SuppressMessage("Security", "CA5350", Justification = "EVALSHA names scripts by SHA-1; nothing is kept secret by it.")]
    private static byte[] DigestOf(string text) => SHA1.HashData(Encoding.UTF8.GetBytes(text));
}
