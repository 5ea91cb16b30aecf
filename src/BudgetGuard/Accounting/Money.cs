using System.Globalization;

namespace BudgetGuard;

/// <summary>
/// An amount of US dollars, kept as a whole number of nano-dollars (10⁻⁹ USD) so that sums are exact.
/// The largest amount is about 9.2 billion dollars; arithmetic that leaves the range throws <see cref="OverflowException"/>.
/// </summary>
public readonly record struct Money : IComparable<Money>
{
    internal const long NanosPerUsd = 1_000_000_000;

    /// <summary>More than any budget has; whole dollars.</summary>
    internal const decimal MaxUsd = long.MaxValue / NanosPerUsd;

    private Money(long nanos) => Nanos = nanos;

    /// <summary>No money.</summary>
    public static Money Zero => default;

    /// <summary>The amount in nano-dollars.</summary>
    public long Nanos { get; }

    /// <summary>The amount in US dollars, exact.</summary>
    public decimal Usd => Nanos / (decimal)NanosPerUsd;

    /// <summary>Makes an amount from nano-dollars.</summary>
    public static Money FromNanos(long nanos) => new(nanos);

    /// <summary>Makes an amount from US dollars; what is finer than a nano-dollar is rounded up, once.</summary>
    /// <exception cref="OverflowException">The amount is beyond what 64 bits of nano-dollars hold.</exception>
    public static Money FromUsd(decimal usd) => new(decimal.ToInt64(decimal.Ceiling(usd * NanosPerUsd)));

    /// <summary>Adds two amounts.</summary>
    public static Money operator +(Money left, Money right) => new(checked(left.Nanos + right.Nanos));

    /// <summary>Subtracts one amount from another.</summary>
    public static Money operator -(Money left, Money right) => new(checked(left.Nanos - right.Nanos));

    /// <summary>Compares two amounts.</summary>
    public static bool operator <(Money left, Money right) => left.Nanos < right.Nanos;

    /// <summary>Compares two amounts.</summary>
    public static bool operator >(Money left, Money right) => left.Nanos > right.Nanos;

    /// <summary>Compares two amounts.</summary>
    public static bool operator <=(Money left, Money right) => left.Nanos <= right.Nanos;

    /// <summary>Compares two amounts.</summary>
    public static bool operator >=(Money left, Money right) => left.Nanos >= right.Nanos;

    /// <summary>Adds another amount.</summary>
    public Money Add(Money other) => this + other;

    /// <summary>Subtracts another amount.</summary>
    public Money Subtract(Money other) => this - other;

    /// <inheritdoc/>
    public int CompareTo(Money other) => Nanos.CompareTo(other.Nanos);

    /// <summary>The amount as US dollars with a leading dollar sign, culture-independent, for example <c>$0.0125</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"${Usd:0.#########}");
}
