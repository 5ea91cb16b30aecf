namespace BudgetGuard.Estimation;

/// <summary>
/// The fields of models that Bedrock runs as their makers made them. A cap counts only where the model's maker reads it; of a model whose maker
/// the path does not tell (the ARN of a profile) none does.
/// </summary>
internal static class InvokeFields
{
    private static readonly (byte[] Name, RequestField Field)[] Any = [("messages"u8.ToArray(), RequestField.Content),
        ("prompt"u8.ToArray(), RequestField.Content), ("system"u8.ToArray(), RequestField.System), ("tools"u8.ToArray(), RequestField.Tools),
        ("toolConfig"u8.ToArray(), RequestField.Tools), ("mcp_servers"u8.ToArray(), RequestField.Hidden)];

    private static readonly (byte[] Name, RequestField Field)[] Anthropic = [.. Any, ("max_tokens"u8.ToArray(), RequestField.Cap),
        ("max_tokens_to_sample"u8.ToArray(), RequestField.Cap)];

    private static readonly (byte[] Name, RequestField Field)[] Llama = [.. Any, ("max_gen_len"u8.ToArray(), RequestField.Cap)];

    private static readonly (byte[] Name, RequestField Field)[] Titan = [.. Any, ("textGenerationConfig"u8.ToArray(), RequestField.Config)];

    private static readonly (byte[] Name, RequestField Field)[] Nova = [.. Any, ("inferenceConfig"u8.ToArray(), RequestField.Config)];

    private static readonly (byte[] Name, RequestField Field)[] Others = [.. Any, ("max_tokens"u8.ToArray(), RequestField.Cap),
        ("max_completion_tokens"u8.ToArray(), RequestField.Cap), ("n"u8.ToArray(), RequestField.Answers), ("num_generations"u8.ToArray(), RequestField.Answers)];

    /// <summary>The settings of Titan and Nova; neither reads the other's.</summary>
    public static (byte[] Name, RequestField Field)[] Config { get; } = [("maxTokenCount"u8.ToArray(), RequestField.Cap),
        ("max_new_tokens"u8.ToArray(), RequestField.Cap), ("maxTokens"u8.ToArray(), RequestField.Cap)];

    public static (byte[] Name, RequestField Field)[] Of(string model) =>
        Has(model, "anthropic.") ? Anthropic
        : Has(model, "meta.") ? Llama
        : Has(model, "amazon.titan") ? Titan
        : Has(model, "amazon.nova") ? Nova
        : Has(model, "mistral.") || Has(model, "cohere.") || Has(model, "ai21.") || Has(model, "openai.") || Has(model, "deepseek.") || Has(model, "qwen.")
            ? Others
        : Any;

    private static bool Has(string model, string maker) => model.Contains(maker, StringComparison.OrdinalIgnoreCase);
}
