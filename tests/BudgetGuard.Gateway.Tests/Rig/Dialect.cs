namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Whose API a call is.</summary>
public enum Dialect
{
    None,
    Chat,
    Completions,
    Responses,
    Embeddings,
    Messages,
    Gemini,
}
