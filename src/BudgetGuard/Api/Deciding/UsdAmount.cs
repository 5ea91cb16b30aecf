using System.Text.Json;
using System.Text.Json.Serialization;

namespace BudgetGuard.Api.Deciding;

/// <summary>An amount of US dollars as a JSON number says it, or what is wrong with it. What is less than a nano-dollar is rounded up, as every cost is.</summary>
[JsonConverter(typeof(UsdAmountConverter))]
internal readonly record struct UsdAmount(Money Value, string? Problem)
{
    private const int Places = 9;
    private const long Most = (long)Money.MaxUsd * Money.NanosPerUsd;

    /// <summary>Reads the text of a JSON number.</summary>
    public static UsdAmount Parse(ReadOnlySpan<byte> number)
    {
        if (number.StartsWith("-"u8))
        {
            return new UsdAmount(default, "must not be negative");
        }

        int end = number.IndexOfAny("eE"u8);
        ReadOnlySpan<byte> mantissa = end < 0 ? number : number[..end];
        int point = mantissa.IndexOf((byte)'.');
        long exponent = end < 0 ? 0 : Exponent(number[(end + 1)..]);
        if (point >= 0)
        {
            exponent -= mantissa.Length - point - 1;
        }

        Int128 value = 0;
        bool isMore = false;
        foreach (byte digit in mantissa)
        {
            if (digit == (byte)'.')
            {
                continue;
            }

            if (value <= Most)
            {
                value = (value * 10) + (digit - (byte)'0');
            }
            else
            {
                isMore |= digit != (byte)'0';
                exponent++;
            }
        }

        return value == 0 ? default : InNanos(value, isMore, exponent + Places);
    }

    private static UsdAmount InNanos(Int128 value, bool isMore, long exponent)
    {
        for (; exponent < 0 && value > 0; exponent++)
        {
            (value, Int128 rest) = Int128.DivRem(value, 10);
            isMore |= rest != 0;
        }

        value += isMore ? 1 : 0;
        for (; exponent > 0 && value <= Most; exponent--)
        {
            value *= 10;
        }

        return value <= Most
            ? new UsdAmount(Money.FromNanos((long)value), null)
            : new UsdAmount(default, "must not be above nine billion dollars");
    }

    private static long Exponent(ReadOnlySpan<byte> text)
    {
        bool isNegative = text[0] == (byte)'-';
        long exponent = 0;
        foreach (byte digit in text.TrimStart("+-"u8))
        {
            // More than any amount can have either way.
            exponent = Math.Min((exponent * 10) + (digit - (byte)'0'), 1_000_000_000);
        }

        return isNegative ? -exponent : exponent;
    }
}

/// <summary>Reads amounts from the digits themselves: no number type stands between that would round them.</summary>
internal sealed class UsdAmountConverter : JsonConverter<UsdAmount>
{
    public override UsdAmount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? UsdAmount.Parse(reader.ValueSpan) : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, UsdAmount value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value.Usd);
}
