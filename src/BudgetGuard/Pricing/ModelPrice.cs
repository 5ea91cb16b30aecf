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

    /// <summary>The most tokens the model generates in one answer; null if unknown.</summary>
    public int? MaxOutputTokens { get; internal init; }

    /// <summary>The most tokens the model reads and writes in one request; null if unknown.</summary>
    public int? ContextWindow { get; internal init; }

    /// <summary>What a call really cost, from its usage, at the prices in force at that time.</summary>
    public Money CostOf(TokenUsage usage, DateTimeOffset at) => throw new NotSupportedException();

    /// <summary>The most a call of that many tokens can cost, at the dearest rates it can reach.</summary>
    public Money BoundOf(long inputTokens, long outputTokens, DateTimeOffset at) => throw new NotSupportedException();
}
