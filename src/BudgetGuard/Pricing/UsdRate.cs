using System.Globalization;

namespace BudgetGuard.Pricing;

/// <summary>Turns a price in US dollars into whole nano-dollars.</summary>
internal static class UsdRate
{
    /// <summary>A price above is a mistake of units: a hundred thousand dollars for a million tokens.</summary>
    public const long Highest = 100_000 * Money.NanosPerUsd;

    /// <summary>False, with what was expected, if the price is negative, too high or finer than a nano-dollar.</summary>
    public static bool TryParse(decimal usd, bool roundUp, out long nanos, out string expected)
    {
        nanos = 0;
        expected = "";
        if (usd < 0)
        {
            expected = "expected 0 or more";
        }
        else if (usd > Highest / Money.NanosPerUsd)
        {
            expected = "expected at most 100000; prices are US dollars per million tokens";
        }
        else
        {
            decimal exact = usd * Money.NanosPerUsd;
            decimal whole = decimal.Ceiling(exact);
            nanos = decimal.ToInt64(whole);
            if (whole != exact && !roundUp)
            {
                expected = "expected at most 9 digits after the decimal point";
            }
        }

        return expected.Length == 0;
    }

    public static string Show(long nanos) => string.Create(CultureInfo.InvariantCulture, $"{nanos / (decimal)Money.NanosPerUsd:0.#########}");
}
