using System.Text.Json;

namespace BudgetGuard;

/// <summary>Reads what an answer used; one for each wire format. Registered readers come before the built-in ones.</summary>
public interface IUsageReader
{
    /// <summary>True if it reads the answers of this model API (a name that <c>WithModelApi</c> takes, for example <c>openai.chat</c>).</summary>
    bool CanRead(string modelApi);

    /// <summary>
    /// Reads a JSON answer; null if it tells no usage. The element has the answer's top-level plain values and its usage block;
    /// what the model wrote is left out.
    /// </summary>
    TokenUsage? Read(JsonElement answer);
}
