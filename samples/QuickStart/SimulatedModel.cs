using System.Text;
using BudgetGuard;

namespace QuickStart;

/// <summary>What the model endpoints take: <c>{"text":"…"}</c>.</summary>
internal sealed record Prompt(string? Text);

/// <summary>Stands in for a model provider: nothing is called and nothing is billed. The usage has the form a real answer tells.</summary>
internal static class SimulatedModel
{
    private const string Reply = "This is a simulated answer.";

    public static (string Reply, TokenUsage Usage) Answer(string? text) =>
        (Reply, new TokenUsage { Model = "gpt-4o-mini", InputTokens = TokensOf(text), OutputTokens = TokensOf(Reply) });

    public static (IReadOnlyList<float> Vector, TokenUsage Usage) Embed(string? text) =>
        ([0.6f, 0.8f], new TokenUsage { Model = "text-embedding-3-small", InputTokens = TokensOf(text) });

    private static long TokensOf(string? text) => (Encoding.UTF8.GetByteCount(text ?? string.Empty) + 3) / 4;
}
