using BudgetGuard.Identification;
using BudgetGuard.Pricing;

namespace BudgetGuard.Estimation;

/// <summary>What images cost where no model is named that says it: the provider then takes one of its own choice.</summary>
internal sealed class ImageCosts(IPriceCatalog catalog, TimeProvider time)
{
    private static readonly Lazy<string[]> _models = new(ReadModels);

    /// <summary>The cost of one unpriced call, for each of the images it asks for.</summary>
    public static Money Of(Money one, long images) =>
        Money.FromNanos(images > long.MaxValue / Math.Max(1, one.Nanos) ? long.MaxValue : one.Nanos * images);

    /// <summary>The bound of a call for images at the dearest of the models, if that is more than what is given.</summary>
    public Money AtLeastDearest(Money cost, long input, long output, string? serviceTier)
    {
        foreach (string model in _models.Value)
        {
            if (catalog.Find(model, ModelApis.OpenAIImages.Provider) is { PricesTokens: true } price)
            {
                Money bound = price.BoundOf(input, output, time.GetUtcNow(), CallTraits.Media, serviceTier);
                cost = bound > cost ? bound : cost;
            }
        }

        return cost;
    }

    /// <summary>The cost of usage at the dearest of the models, if it has images in it and that is more than what is given.</summary>
    public Money AtLeastDearest(Money cost, TokenUsage usage)
    {
        if (usage.ImageOutputTokens == 0 && usage.ImageInputTokens == 0)
        {
            return cost;
        }

        foreach (string model in _models.Value)
        {
            if (catalog.Find(model, ModelApis.OpenAIImages.Provider) is { } price && price.Covers(usage))
            {
                Money dearer = price.CostOf(usage, time.GetUtcNow());
                cost = dearer > cost ? dearer : cost;
            }
        }

        return cost;
    }

    /// <summary>The provider's models of images by their names; what they cost is looked up, so that a price file of the user counts.</summary>
    private static string[] ReadModels()
    {
        List<string> models = [];
        foreach (PriceEntry entry in PriceTable.Shipped)
        {
            if (entry.ProviderKey == ModelApis.OpenAIImages.Provider && entry.NameKey.Contains("image", StringComparison.Ordinal))
            {
                models.Add(entry.NameKey);
            }
        }

        return [.. models];
    }
}
