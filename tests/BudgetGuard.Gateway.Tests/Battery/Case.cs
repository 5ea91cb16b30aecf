using System.Globalization;
using System.Text.Json;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Battery;

/// <summary>One call of a battery, all of which follows from its seed: the vendor, the prompt, how the answer is written and compressed.</summary>
internal sealed class Case
{
    private const int Cap = 2000;

    private readonly string _query;
    private readonly string? _accepts;
    private readonly string _body;

    public Case(int seed, bool isStream = true)
    {
        Seed = seed;
        Random = new Random(seed);
        Name = string.Create(CultureInfo.InvariantCulture, $"case-{seed}");
        Dialect = Random.Next(10) switch
        {
            < 4 => Dialect.Chat,
            < 6 => Dialect.Messages,
            < 8 => Dialect.Gemini,
            8 => Dialect.Completions,
            _ => Dialect.Responses,
        };
        IsStream = isStream;
        _query = Dialect == Dialect.Gemini && isStream && Random.Next(4) > 0 ? "?alt=sse" : "";
        AsksForUsage = Dialect is Dialect.Chat or Dialect.Completions && isStream && Random.Next(2) == 0;
        Tokens = Random.Next(1, 41);
        bool isBytewise = Random.Next(4) == 0;
        _accepts = Random.Next(3) switch { 0 => "gzip", 1 => "gzip, br", _ => null };
        Ahead = new ReadAhead(12);
        Script = new Script
        {
            Seed = seed,
            Tokens = Tokens,
            Pieces = isBytewise ? 1 : Random.Next(2) == 0 ? Random.Next(2, 400) : null,
            Encoding = Random.Next(3) == 0 ? "gzip" : null,
            ReadAhead = Ahead,
        };
        _body = Body();
    }

    public int Seed { get; }

    public Random Random { get; }

    /// <summary>The name of its script and of its user.</summary>
    public string Name { get; }

    public Dialect Dialect { get; }

    public bool IsStream { get; }

    public bool AsksForUsage { get; }

    public int Tokens { get; }

    public ReadAhead Ahead { get; }

    public Script Script { get; init; }

    /// <summary>What each event has once.</summary>
    public byte[] Marker => Dialect != Dialect.Gemini ? "\n\n"u8.ToArray() : _query.Length > 0 ? "\r\n\r\n"u8.ToArray() : "\"responseId\":\"r1\""u8.ToArray();

    /// <summary>About as many bytes as the answer has, and sometimes more.</summary>
    public int SomeBytes() => Random.Next(1, 200 + (Tokens * 190));

    public HttpRequestMessage Request()
    {
        string path = Dialect switch
        {
            Dialect.Chat => "/v1/chat/completions",
            Dialect.Completions => "/v1/completions",
            Dialect.Responses => "/v1/responses",
            Dialect.Messages => "/v1/messages",
            _ => $"/v1beta/models/{Tariff.Quill}:{(IsStream ? "streamGenerateContent" : "generateContent")}{_query}",
        };
        HttpRequestMessage request = GatewayUnderTest.Post(path, _body, Name);
        if (_accepts is not null)
        {
            request.Headers.Add("Accept-Encoding", _accepts);
        }

        return request;
    }

    public override string ToString() =>
        $"{Dialect}{_query}, {Tokens} tokens, {(AsksForUsage ? "usage asked" : "usage not asked")}, accepts {_accepts ?? "nothing"}, {Script.Encoding ?? "plain"}, pieces {Script.Pieces}";

    private string Body()
    {
        string prompt = JsonSerializer.Serialize($"script={Name} {new Words(Seed).Next(Random.Next(300))}");
        string stream = IsStream ? ",\"stream\":true" : "";
        string usage = AsksForUsage ? ",\"stream_options\":{\"include_usage\":true}" : IsStream && Random.Next(4) == 0 ? ",\"stream_options\":{\"include_usage\":false}" : "";
        return Dialect switch
        {
            Dialect.Chat => $$"""{"model":"quill","messages":[{"role":"user","content":{{prompt}}}],"max_tokens":{{Cap}}{{stream}}{{usage}}}""",
            Dialect.Completions => $$"""{"model":"quill","prompt":{{prompt}},"max_tokens":{{Cap}}{{stream}}{{usage}}}""",
            Dialect.Responses => $$"""{"model":"quill","input":{{prompt}},"max_output_tokens":{{Cap}}{{stream}}}""",
            Dialect.Messages => $$"""{"model":"quill","max_tokens":{{Cap}},"messages":[{"role":"user","content":{{prompt}}}]{{stream}}}""",
            _ => $$$"""{"contents":[{"role":"user","parts":[{"text":{{{prompt}}}}]}],"generationConfig":{"maxOutputTokens":{{{Cap}}}}}""",
        };
    }
}
