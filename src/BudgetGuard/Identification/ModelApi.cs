namespace BudgetGuard.Identification;

/// <summary>A wire format of a model provider whose bodies and answers the guard understands.</summary>
/// <param name="Name">The name <c>WithModelApi</c> takes.</param>
/// <param name="Operation">The operation its requests are.</param>
/// <param name="Provider">The vendor of the format.</param>
internal sealed record ModelApi(string Name, string Operation, string Provider)
{
    /// <summary>True if its requests cost nothing.</summary>
    public bool IsFree { get; init; }

    /// <summary>True if its requests may be forms that carry files: those are priced by size and route.</summary>
    public bool TakesForms { get; init; }

    /// <summary>True if it writes no tokens that are billed.</summary>
    public bool OnlyReads { get; init; }
}
