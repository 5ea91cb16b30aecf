namespace BudgetGuard;

/// <summary>Knows what models cost.</summary>
public interface IPriceCatalog
{
    /// <summary>
    /// Finds the price of a model by any of its spellings (provider prefixes, date suffixes, fine-tunes, Bedrock and Vertex forms), ignoring case;
    /// null if it has none.
    /// </summary>
    /// <param name="model">The model as a request or an answer names it.</param>
    /// <param name="provider">The provider, when known from the route (for example <c>openai</c>); prefers that provider's entries.</param>
    ModelPrice? Find(string model, string? provider = null);
}
