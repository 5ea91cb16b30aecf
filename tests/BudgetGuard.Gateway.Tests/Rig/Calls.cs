namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>The same small request in each vendor's dialect.</summary>
internal static class Calls
{
    public const string Chat = "/v1/chat/completions";
    public const string Messages = "/v1/messages";
    public const string Gemini = "/v1beta/models/quill:generateContent";
    public const string GeminiStream = "/v1beta/models/quill:streamGenerateContent?alt=sse";

    public static string Body(string path, bool isStream = false, int maxTokens = 1000, string prompt = "hello") => path switch
    {
        _ when path.Contains("/v1beta/", StringComparison.Ordinal) =>
            $$$"""{"contents":[{"role":"user","parts":[{"text":"{{{prompt}}}"}]}],"generationConfig":{"maxOutputTokens":{{{maxTokens}}}}}""",
        _ => $$"""{"model":"quill","max_tokens":{{maxTokens}},"messages":[{"role":"user","content":"{{prompt}}"}]{{(isStream ? ",\"stream\":true" : "")}}}""",
    };
}
