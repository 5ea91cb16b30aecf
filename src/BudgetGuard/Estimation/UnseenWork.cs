namespace BudgetGuard.Estimation;

/// <summary>
/// Tells a request whose model may work at the caller's cost without showing it: it thinks and bills its thoughts but does not send them, or goes on in the
/// background when nobody listens. What passes says nothing of how much that is: such a stream holds, and pays when it is cut, all it may cost.
/// </summary>
internal static class UnseenWork
{
    public static bool IsIn(ModelRequest request, string? model) => request.WorksUnseen || (model is not null && IsThinker(model));

    /// <summary>Models that think by themselves and keep their thoughts, by the beginnings of their names.</summary>
    private static bool IsThinker(string model)
    {
        ReadOnlySpan<char> name = model.AsSpan(model.LastIndexOf('/') + 1);
        return (Begins(name, "gpt-5") && !name.Contains("-chat", StringComparison.OrdinalIgnoreCase))
            || Begins(name, "o1") || Begins(name, "o3") || Begins(name, "o4") || Begins(name, "codex")
            || Begins(name, "gemini-2.5") || Begins(name, "gemini-3")
            || Begins(name, "grok-4") || Begins(name, "grok-3-mini") || Begins(name, "grok-code")
            || name.Contains("-reasoning", StringComparison.OrdinalIgnoreCase) || name.Contains("deep-research", StringComparison.OrdinalIgnoreCase);
    }

    private static bool Begins(ReadOnlySpan<char> name, string start) => name.StartsWith(start, StringComparison.OrdinalIgnoreCase);
}
