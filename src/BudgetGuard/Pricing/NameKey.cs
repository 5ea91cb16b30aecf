namespace BudgetGuard.Pricing;

/// <summary>A model's name as a request gave it, with the route's provider; compared without case so that a known name is found without making a string.</summary>
internal readonly record struct NameKey(string Model, string? Provider)
{
    public bool Equals(NameKey other) =>
        string.Equals(Model, other.Model, StringComparison.OrdinalIgnoreCase) && string.Equals(Provider, other.Provider, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() =>
        HashCode.Combine(
            string.GetHashCode(Model, StringComparison.OrdinalIgnoreCase),
            Provider is null ? 0 : string.GetHashCode(Provider, StringComparison.OrdinalIgnoreCase));
}
