namespace BudgetGuard;

/// <summary>Anything an endpoint says to the guard.</summary>
internal interface IBudgetGuardMetadata;

/// <summary>The endpoint is guarded, and the explicit budgets it names apply to it; beats path filters.</summary>
/// <param name="budgets">Names of configured budgets; an unknown name fails at start-up. None: only that it is guarded.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequireBudgetAttribute(params string[] budgets) : Attribute, IBudgetGuardMetadata
{
    /// <summary>The names of the budgets.</summary>
    public IReadOnlyList<string> Budgets { get; } = budgets;
}

/// <summary>The endpoint is not guarded; beats everything.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class DisableBudgetGuardAttribute : Attribute, IBudgetGuardMetadata
{
    internal static DisableBudgetGuardAttribute Instance { get; } = new();
}

/// <summary>The endpoint is this operation.</summary>
/// <param name="operation">The operation, for example <c>chat_completion</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class BudgetOperationAttribute(string operation) : Attribute, IBudgetGuardMetadata
{
    /// <summary>The operation.</summary>
    public string Operation { get; } = operation;
}

/// <summary>A request to the endpoint costs this much.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class BudgetCostAttribute : Attribute, IBudgetGuardMetadata
{
    /// <summary>Makes the attribute.</summary>
    /// <param name="usd">The cost in US dollars as plain digits, for example <c>"0.02"</c>: attributes cannot hold decimals.</param>
    /// <exception cref="ArgumentException">The text is no such number, or it is negative.</exception>
    public BudgetCostAttribute(string usd)
    {
        Usd = usd;
        Cost = decimal.TryParse(
            usd, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out decimal cost)
            ? Money.FromUsd(cost)
            : throw new ArgumentException($"'{usd}' is no cost: US dollars as plain digits are expected, for example 0.02.", nameof(usd));
    }

    internal BudgetCostAttribute(decimal usd)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(usd);
        Usd = usd.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Cost = Money.FromUsd(usd);
    }

    /// <summary>The cost in US dollars.</summary>
    public string Usd { get; }

    internal Money Cost { get; }
}

/// <summary>The guard answers in this shape on the endpoint.</summary>
internal sealed class ResponseFormatMetadata(ResponseFormat format) : IBudgetGuardMetadata
{
    public ResponseFormat Format { get; } = format;
}

/// <summary>The endpoint's bodies and answers are those of a known model API, so that it is estimated and metered like it.</summary>
/// <param name="name">The API's name, for example <c>openai.chat</c>; an unknown name fails at start-up.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class ModelApiAttribute(string name) : Attribute, IBudgetGuardMetadata
{
    /// <summary>The API's name.</summary>
    public string Name { get; } = name;
}
