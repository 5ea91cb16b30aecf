using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Rig;

/// <summary>
/// A model provider inside the test's app. It keeps its own bill, with arithmetic of its own: model <c>cheap</c> is 1 and 2 dollars a million tokens
/// (input, output), <c>exp</c> 10 and 100. What it answers is scripted by its properties.
/// </summary>
internal sealed class FakeModel
{
    /// <summary>A price file with the two models.</summary>
    public const string Prices = """
        {"models":[
          {"provider":"fake","model":"cheap","maxOutputTokens":10000,"prices":[{"input":1,"output":2}]},
          {"provider":"fake","model":"exp","maxOutputTokens":10000,"prices":[{"input":10,"output":100}]}]}
        """;

    private readonly Lock _gate = new();

    public int Hits { get; private set; }

    public decimal Bill { get; private set; }

    public int InputTokens { get; set; } = 100;

    public int OutputTokens { get; set; } = 50;

    public bool TellsUsage { get; set; } = true;

    public int Status { get; set; } = 200;

    /// <summary>The model the answer names; null: the one that was asked.</summary>
    public string? ServedModel { get; set; }

    /// <summary>Writes the price file and gives its path.</summary>
    public static string WritePriceFile()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("budgetguard").FullName, "prices.json");
        File.WriteAllText(path, Prices);
        return path;
    }

    /// <summary>Answers in the shape of OpenAI's chat API, whatever the path.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        JsonNode? body = await JsonNode.ParseAsync(context.Request.Body);
        string model = ServedModel ?? (string?)body?["model"] ?? "cheap";
        lock (_gate)
        {
            Hits++;
            if (Status < 400)
            {
                Bill += PriceOf(model);
            }
        }

        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json";
        string usage = TellsUsage
            ? string.Create(CultureInfo.InvariantCulture, $$""","usage":{"prompt_tokens":{{InputTokens}},"completion_tokens":{{OutputTokens}},"total_tokens":{{InputTokens + OutputTokens}}}""")
            : string.Empty;
        string answer = Status < 400
            ? $$"""{"id":"x","object":"chat.completion","model":"{{model}}","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]{{usage}}}"""
            : """{"error":{"message":"no","type":"server_error"}}""";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer), context.RequestAborted);
    }

    private decimal PriceOf(string model) =>
        model == "exp" ? (InputTokens * 10m + OutputTokens * 100m) / 1_000_000m : (InputTokens * 1m + OutputTokens * 2m) / 1_000_000m;
}
