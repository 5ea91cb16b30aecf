using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Alerts.Raising;

/// <summary>What identifies an alert: the same on every node and each time the same thing is told.</summary>
/// <param name="Id">The identity of the alert that a claim is for.</param>
/// <param name="Incident">What the alert has in common with the one that tells that it is over.</param>
internal readonly record struct AlertIds(Guid Id, string Incident)
{
    /// <summary>Reckons both. Every part is written after its length, so that no two lists of parts are the same bytes.</summary>
    public static AlertIds Of(AlertClaim claim, string incident)
    {
        var parts = new Parts(stackalloc byte[512]);
        try
        {
            AddAccount(ref parts, claim.Account);
            parts.Add(claim.WindowStart?.UtcTicks ?? -1);
            int common = parts.Length;
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            parts.Add(claim.Type);
            parts.Add(claim.Subject);
            parts.Add(claim.Threshold);
            parts.Add(claim.Round);
            SHA256.HashData(parts.Written, hash);
            var id = new Guid(hash[..16], bigEndian: true);
            parts.CutTo(common);
            parts.Add(incident);
            SHA256.HashData(parts.Written, hash);
            return new AlertIds(id, Convert.ToHexStringLower(hash[..16]));
        }
        finally
        {
            parts.Dispose();
        }
    }

    private static void AddAccount(ref Parts parts, Account? account)
    {
        if (account is null)
        {
            parts.Add(-1);
            return;
        }

        // Budgets are told apart whatever the case of their names.
        parts.AddWithoutCase(account.Key.Budget);
        parts.Add((int)account.Key.Unit);
        parts.Add((int)account.Key.Window.Period);
        parts.Add(account.Key.Window.Rolling?.Ticks ?? -1);
        AddAll(ref parts, account.Key.Per);
        AddAll(ref parts, account.Key.Partition);
    }

    private static void AddAll<T>(ref Parts parts, ImmutableArray<T> texts)
        where T : class?
    {
        parts.Add(texts.IsDefault ? 0 : texts.Length);
        for (int i = 0; !texts.IsDefault && i < texts.Length; i++)
        {
            parts.Add(texts[i] as string);
        }
    }

    /// <summary>Bytes that grow: on the stack as long as they fit there.</summary>
    private ref struct Parts(Span<byte> buffer)
    {
        private Span<byte> _buffer = buffer;
        private byte[]? _rented;

        public int Length { get; private set; }

        public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

        public void Add(long number)
        {
            BinaryPrimitives.WriteInt64LittleEndian(Next(sizeof(long)), number);
            Length += sizeof(long);
        }

        // As it is written without zeros at its end: 0.8 is 0.80.
        public void Add(decimal number) => Add(number.ToString("0.############################", System.Globalization.CultureInfo.InvariantCulture));

        // Nothing is not the empty text.
        public void Add(string? text)
        {
            if (text is null)
            {
                Add(-1);
                return;
            }

            Add(text.AsSpan());
        }

        public void AddWithoutCase(string text)
        {
            char[] upper = ArrayPool<char>.Shared.Rent(text.Length);
            int length = text.AsSpan().ToUpperInvariant(upper);
            Add(upper.AsSpan(0, length));
            ArrayPool<char>.Shared.Return(upper);
        }

        public void CutTo(int length) => Length = length;

        public readonly void Dispose()
        {
            if (_rented is not null)
            {
                ArrayPool<byte>.Shared.Return(_rented);
            }
        }

        private void Add(ReadOnlySpan<char> text)
        {
            int length = Encoding.UTF8.GetByteCount(text);
            Add(length);
            Length += Encoding.UTF8.GetBytes(text, Next(length));
        }

        private Span<byte> Next(int size)
        {
            if (_buffer.Length - Length < size)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, Length + size));
                Written.CopyTo(larger);
                Dispose();
                _buffer = _rented = larger;
            }

            return _buffer[Length..];
        }
    }
}
