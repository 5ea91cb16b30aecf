using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BenchmarkDotNet.Attributes;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Benchmarks;

/// <summary>Estimating a chat body of 100 KB: one pass over the bytes, token bounds, price. The peer parses the same bytes into a document and does nothing more.</summary>
[MemoryDiagnoser]
public class EstimateBenchmarks
{
    private const int BodyBytes = 100 * 1024;

    private byte[] _body = [];
    private ModelCosts _costs = null!;

    /// <summary>Prose in few messages, or code with many escapes.</summary>
    [Params("prose", "code")]
    public string Text { get; set; } = "prose";

    [GlobalSetup]
    public void Setup()
    {
        _body = MakeBody(Text == "prose"
            ? "The guard holds what a request may cost at most, and settles at what it really cost. "
            : "if (text == \"a\\tb\")\n{\n\treturn \"\\\"quoted\\\"\";\n}\n");
        _costs = new ServiceCollection().AddBudgetGuard().Services.BuildServiceProvider().GetRequiredService<ModelCosts>();
        if (Estimate() <= 0)
        {
            throw new InvalidOperationException("The body was not estimated.");
        }
    }

    [Benchmark]
    public long Estimate()
    {
        ModelRequestError? error = ModelRequestReader.TryRead(_body, ModelApis.OpenAIChat, null, out ModelRequest? request);
        return error is null ? _costs.BoundOf(request!, ModelApis.OpenAIChat, request!.Model)!.Value.Cost.Nanos : -1;
    }

    [Benchmark(Baseline = true)]
    public int ParseDocument()
    {
        using JsonDocument document = JsonDocument.Parse(_body);
        return document.RootElement.GetProperty("messages").GetArrayLength();
    }

    private static byte[] MakeBody(string sentence)
    {
        JsonArray messages = [];
        StringBuilder text = new();
        int size = 0;
        while (size < BodyBytes)
        {
            text.Append(sentence);
            if (text.Length >= 8 * 1024)
            {
                messages.Add(new JsonObject { ["role"] = "user", ["content"] = text.ToString() });
                size += JsonSerializer.SerializeToUtf8Bytes(text.ToString()).Length + 30;
                text.Clear();
            }
        }

        return Encoding.UTF8.GetBytes(new JsonObject { ["model"] = "gpt-4o", ["messages"] = messages, ["max_tokens"] = 1000 }.ToJsonString());
    }
}
