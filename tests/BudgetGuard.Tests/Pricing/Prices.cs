using BudgetGuard.Pricing;

namespace BudgetGuard.Tests.Pricing;

/// <summary>The shipped prices, and catalogues over them.</summary>
internal static class Prices
{
    public static readonly DateTimeOffset Now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    public static PriceTable Shipped { get; } = new([], Now);

    public static ModelPrice Of(string model, string? provider = null) =>
        Shipped.Find(model, provider) ?? throw new Xunit.Sdk.XunitException($"{model} has no price");

    public static long Nanos(this ModelPrice price, TokenUsage usage) => price.CostOf(usage, Now).Nanos;

    /// <summary>What a user's file with this text means, over the shipped prices.</summary>
    public static PriceTable With(string json)
    {
        PriceFileContent content = Read(json);
        Assert.Empty(content.Errors);
        return new PriceTable(content.Entries, Now);
    }

    public static PriceFileContent Read(string json) => PriceFileReader.Read(System.Text.Encoding.UTF8.GetBytes(json), isShipped: false);
}
