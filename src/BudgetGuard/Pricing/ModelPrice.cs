namespace BudgetGuard;

/// <summary>What one model costs: dated, tiered prices in nano-dollars per million tokens.</summary>
public sealed class ModelPrice
{
    internal ModelPrice(string provider, string model)
    {
        Provider = provider;
        Model = model;
    }

    /// <summary>The provider's name in the price file, for example <c>openai</c>.</summary>
    public string Provider { get; }

    /// <summary>The canonical name of the model.</summary>
    public string Model { get; }
}
