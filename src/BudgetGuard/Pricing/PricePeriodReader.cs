using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Pricing;

/// <summary>Reads and checks the prices of one model.</summary>
internal sealed class PricePeriodReader(PriceProblems problems, bool roundUp)
{
    private static readonly string[] _periodFields = ["from", "hoursUtc", "tiers", "per1kRequests", "per1kWebSearches", "perAudioHour"];

    private static readonly string[] _tierFields = ["abovePromptTokens"];

    // Below a tenth of a cent for a million tokens somebody most likely wrote the price of one token.
    private const long OddlyLow = Money.NanosPerUsd / 1000;

    private const long OddlyHigh = 1000 * Money.NanosPerUsd;

    /// <summary>Null if the model has no usable prices and a problem was told; empty if it is free and has none.</summary>
    public PricePeriod[]? ReadAll(JsonElement model, string where, bool isFree)
    {
        if (!model.TryGetProperty("prices", out JsonElement prices) || prices.ValueKind != JsonValueKind.Array || prices.GetArrayLength() == 0)
        {
            if (isFree && prices.ValueKind == JsonValueKind.Undefined)
            {
                return [];
            }

            problems.Add($"{where}.prices", "is missing, empty or no list; expected at least one object with \"input\" and \"output\"");
            return null;
        }

        int before = problems.Errors.Count;
        List<PricePeriod> periods = [];
        DateTimeOffset? latest = null;
        int index = 0;
        foreach (JsonElement price in prices.EnumerateArray())
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{where}.prices[{index++}]");
            if (price.ValueKind != JsonValueKind.Object)
            {
                problems.Add(at, $"is {PriceProblems.Show(price)}; expected an object with \"input\" and \"output\"");
                continue;
            }

            PricePeriod period = ReadPeriod(price, at, isFree);
            if (period.From < latest)
            {
                problems.Add($"{at}.from", "is before the date of an earlier entry; expected rising dates, because the last entry in force is charged");
            }

            latest = period.From ?? latest;
            periods.Add(period);
        }

        return problems.Errors.Count > before ? null : [.. periods];
    }

    private PricePeriod ReadPeriod(JsonElement price, string where, bool isFree)
    {
        NamedRates rates = ReadRates(price, where, _periodFields);
        long? perRequests = ReadFee(price, where, "per1kRequests");
        long? perAudioHour = ReadFee(price, where, "perAudioHour");
        DateTimeOffset? from = ReadDate(price, where);
        DailyHours? hours = ReadHours(price, where);
        bool isByTheHour = rates.Input is null && perAudioHour > 0;
        if (rates.Input is null && !isByTheHour && !price.TryGetProperty("input", out _) && !isFree)
        {
            problems.Add($"{where}.input", "is missing; expected US dollars per million tokens");
        }
        else if (rates.Input is 0 && rates.Output is null or 0 && perRequests is null or 0 && !isFree)
        {
            problems.Add(where, "costs nothing; expected a price above 0, or \"free\": true at the model if it really is free");
        }

        RateCard card = new(rates);
        return new PricePeriod(card)
        {
            PerAudioHour = perAudioHour,
            PricesTokens = !isByTheHour,
            Tiers = ReadTiers(price, where, rates),
            From = from,
            Hours = hours,
            PerThousandRequests = perRequests ?? 0,
            PerThousandSearches = ReadFee(price, where, "per1kWebSearches") ?? PricePeriod.UsualSearchFee,
        };
    }

    private PriceTier[] ReadTiers(JsonElement price, string where, NamedRates shorter)
    {
        if (!price.TryGetProperty("tiers", out JsonElement list))
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            problems.Add($"{where}.tiers", $"is {PriceProblems.Show(list)}; expected a list of objects with \"abovePromptTokens\" and rates");
            return [];
        }

        List<PriceTier> tiers = [];
        int index = 0;
        foreach (JsonElement tier in list.EnumerateArray())
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{where}.tiers[{index++}]");
            if (tier.ValueKind != JsonValueKind.Object || !tier.TryGetProperty("abovePromptTokens", out JsonElement above)
                || above.ValueKind != JsonValueKind.Number || !above.TryGetInt64(out long threshold) || threshold < 0
                || (tiers.Count > 0 && threshold <= tiers[^1].Above))
            {
                problems.Add($"{at}.abovePromptTokens", "is missing, no whole number or not above that of the tier before; expected rising numbers of tokens");
                continue;
            }

            shorter = ReadRates(tier, at, _tierFields).Over(shorter);
            tiers.Add(new PriceTier(threshold, new RateCard(shorter)));
        }

        return [.. tiers];
    }

    private NamedRates ReadRates(JsonElement element, string where, string[] otherFields)
    {
        long?[] found = new long?[NamedRates.Fields.Length];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string field = property.Name;
            int index = Array.IndexOf(NamedRates.Fields, field);
            if (index >= 0)
            {
                found[index] = ReadRate(property.Value, where, field);
            }
            else if (!PriceProblems.IsKnown(field, otherFields))
            {
                problems.AddUnknown(where, field, [.. NamedRates.Fields, .. otherFields]);
            }
        }

        NamedRates rates = new(found);
        if (rates.Input is > 0 and < OddlyLow)
        {
            problems.Warn($"{where}.input", $"is only ${UsdRate.Show(rates.Input.Value)} for a million tokens; is it the price of one token?");
        }

        if (rates.CachedInput > rates.Input)
        {
            problems.Warn($"{where}.cachedInput", "is above input; cached tokens are mostly cheaper");
        }

        WarnOfWrite(rates.CacheWrite, rates.Input, $"{where}.cacheWrite");
        WarnOfWrite(rates.CacheWrite1h, rates.Input, $"{where}.cacheWrite1h");
        return rates;
    }

    private void WarnOfWrite(long? write, long? input, string where)
    {
        if (write < input)
        {
            problems.Warn(where, "is below input; input is charged for what is written to a cache");
        }
        else if (input > 0 && (UInt128)(write ?? 0) * 2 > (UInt128)input * 5)
        {
            problems.Warn(where, "is more than 2.5 times input");
        }
    }

    private long? ReadFee(JsonElement price, string where, string field) =>
        price.TryGetProperty(field, out JsonElement value) ? ReadRate(value, where, field) : null;

    private long? ReadRate(JsonElement value, string where, string field)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out decimal usd))
        {
            problems.Add($"{where}.{field}", $"is {PriceProblems.Show(value)}; expected a number of US dollars");
            return null;
        }

        if (!UsdRate.TryParse(usd, roundUp, out long nanos, out string expected))
        {
            problems.Add($"{where}.{field}", $"is {PriceProblems.Show(value)}; {expected}");
            return null;
        }

        if (nanos > OddlyHigh)
        {
            problems.Warn($"{where}.{field}", $"is ${UsdRate.Show(nanos)}, above $1000; is it per million?");
        }

        return nanos;
    }

    private DateTimeOffset? ReadDate(JsonElement element, string where)
    {
        if (!element.TryGetProperty("from", out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String
            && DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date))
        {
            return new DateTimeOffset(date, TimeOnly.MinValue, TimeSpan.Zero);
        }

        problems.Add($"{where}.from", $"is {PriceProblems.Show(value)}; expected a date like \"2026-08-21\", from whose start in UTC the price holds");
        return null;
    }

    private DailyHours? ReadHours(JsonElement element, string where)
    {
        if (!element.TryGetProperty("hoursUtc", out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
            && TryReadMinute(value[0], out int start) && TryReadMinute(value[1], out int end) && start != end)
        {
            return new DailyHours(start, end);
        }

        problems.Add($"{where}.hoursUtc", $"is {PriceProblems.Show(value)}; expected a start and an end like [\"06:00\", \"10:00\"], in UTC");
        return null;
    }

    private static bool TryReadMinute(JsonElement value, out int minute)
    {
        minute = 0;
        if (value.ValueKind != JsonValueKind.String
            || !TimeOnly.TryParseExact(value.GetString(), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time))
        {
            return false;
        }

        minute = time.Hour * 60 + time.Minute;
        return true;
    }
}
