using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Redis;

/// <summary>A script as it is embedded, with the digest by which a server that has it knows it.</summary>
internal sealed class RedisScript
{
    public RedisScript(string name, string text)
    {
        Name = name;
        Text = text;
        Digest = SHA1.HashData(Encoding.UTF8.GetBytes(text));
    }

    public string Name { get; }

    public string Text { get; }

    public byte[] Digest { get; }
}
