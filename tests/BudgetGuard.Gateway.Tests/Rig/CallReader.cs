using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Reads of a request what a provider bills by, in its own way.</summary>
internal static partial class CallReader
{
    private const string Gemini = "/v1beta/models/";

    public static Dialect DialectOf(string path) => path switch
    {
        "/v1/chat/completions" => Dialect.Chat,
        "/v1/completions" => Dialect.Completions,
        "/v1/responses" => Dialect.Responses,
        "/v1/embeddings" => Dialect.Embeddings,
        "/v1/messages" => Dialect.Messages,
        _ when path.StartsWith(Gemini, StringComparison.Ordinal) && path.Contains(':', StringComparison.Ordinal) => Dialect.Gemini,
        _ => Dialect.None,
    };

    public static string ModelOf(Dialect dialect, string path, JsonNode? json) => dialect == Dialect.Gemini
        ? path[Gemini.Length..path.IndexOf(':', StringComparison.Ordinal)]
        : (string?)json?["model"] ?? Tariff.Quill;

    public static bool IsStream(Dialect dialect, string path, JsonNode? json) => dialect == Dialect.Gemini
        ? path.EndsWith(":streamGenerateContent", StringComparison.Ordinal)
        : (bool?)json?["stream"] ?? false;

    public static bool AsksForUsage(JsonNode? json) => (bool?)json?["stream_options"]?["include_usage"] ?? false;

    public static int Cap(JsonNode? json) =>
        (int)((decimal?)(json?["max_completion_tokens"] ?? json?["max_tokens"] ?? json?["max_output_tokens"] ?? json?["generationConfig"]?["maxOutputTokens"]) ?? int.MaxValue);

    /// <summary>A token for four bytes of the prompt, three for each message and three for the call.</summary>
    public static int PromptTokens(JsonNode? json)
    {
        (int bytes, int messages) = Count(json, isText: false);
        return 3 + (3 * messages) + ((bytes + 3) / 4);
    }

    /// <summary>The name of the script that the prompt asks for.</summary>
    public static string? ScriptName(string body) => Named().Match(body) is { Success: true } found ? found.Groups[1].Value : null;

    private static (int Bytes, int Messages) Count(JsonNode? node, bool isText)
    {
        int bytes = 0;
        int messages = 0;
        switch (node)
        {
            case JsonObject members:
                messages += members.ContainsKey("role") ? 1 : 0;
                foreach ((string name, JsonNode? value) in members)
                {
                    Add(Count(value, name is "content" or "text" or "system" or "prompt" or "input"));
                }

                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                {
                    Add(Count(item, isText));
                }

                break;
            case JsonValue value when isText && value.TryGetValue(out string? text):
                bytes += Encoding.UTF8.GetByteCount(text);
                break;
        }

        return (bytes, messages);

        void Add((int Bytes, int Messages) more)
        {
            bytes += more.Bytes;
            messages += more.Messages;
        }
    }

    [GeneratedRegex("script=([A-Za-z0-9_-]+)")]
    private static partial Regex Named();
}
