using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BudgetGuard.Tests.Responses;

/// <summary>An answer as a client sees it.</summary>
internal sealed class Told
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);

    private Told(HttpResponseMessage answer, string body)
    {
        Status = (int)answer.StatusCode;
        Version = answer.Version;
        Body = body;
        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            _headers[name] = string.Join(", ", values);
        }
    }

    public int Status { get; }

    public Version Version { get; }

    public string Body { get; }

    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    /// <summary>The body with its members in their order, and without escapes that mean nothing.</summary>
    public string Shown => Json.ToJsonString(Plain);

    /// <summary>Seconds to wait, as the header says.</summary>
    public int? RetryAfter => this["Retry-After"] is { } seconds ? int.Parse(seconds, provider: null) : null;

    /// <summary>A header; null where it is missing.</summary>
    public string? this[string header] => _headers.GetValueOrDefault(header);

    public static async Task<Told> ReadAsync(Task<HttpResponseMessage> sending)
    {
        using HttpResponseMessage answer = await sending;
        return new Told(answer, await answer.Content.ReadAsStringAsync());
    }
}
