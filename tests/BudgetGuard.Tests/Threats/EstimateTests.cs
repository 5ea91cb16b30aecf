using System.Globalization;
using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>What is held for a request, read from the header of its answer. Model <c>cheap</c> is a dollar a million read, two a million written.</summary>
public sealed class EstimateTests
{
    private const string Generous = """{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1000000000,"Period":"Day","Per":["User"]}}}""";
    private const decimal Read = 0.000001m;
    private const decimal Written = 0.000002m;
    private const string Chat = "/taken/v1/chat/completions";
    private const string Completions = "/taken/v1/completions";
    private const string Embeddings = "/taken/v1/embeddings";

    [Theory]
    [InlineData("1000", 1000)]
    [InlineData("1e3", 1000)]
    [InlineData("1E+3", 1000)]
    [InlineData("10000e-1", 1000)]
    [InlineData("1000.0", 1000)]
    [InlineData("\"1000\"", 1000)]
    [InlineData("\"1e3\"", 1000)]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("1000000000000", 1_000_000_000_000)]
    [InlineData("null", 4096)]
    [InlineData(null, 4096)]
    public async Task T73_Cap_in_any_spelling_of_a_whole_number_is_honoured(string? spelling, long tokens)
    {
        await using ChatApp chat = await StartAsync();
        decimal without = await EstimateAsync(chat, Chat, """{"model":"cheap","max_tokens":0,"messages":[{"role":"user","content":"hello"}]}""");
        foreach (string name in (string[])["max_tokens", "max_completion_tokens"])
        {
            string cap = spelling is null ? "" : $"\"{name}\":{spelling},";
            decimal estimate = await EstimateAsync(chat, Chat, $$"""{"model":"cheap",{{cap}}"messages":[{"role":"user","content":"hello"}]}""");
            Assert.Equal(without + tokens * Written, estimate);
        }
    }

    [Theory]
    [InlineData(Chat, """{"max_tokens":10,"max_completion_tokens":2000}""", 2000)]
    [InlineData(Chat, """{"max_tokens":2000,"max_completion_tokens":10}""", 2000)]
    [InlineData(Chat, """{"max_output_tokens":1}""", 4096)]
    [InlineData(Chat, """{"generationConfig":{"maxOutputTokens":1}}""", 4096)]
    [InlineData("/taken/v1/responses", """{"max_output_tokens":2000}""", 2000)]
    [InlineData("/taken/v1/responses", """{"max_tokens":1}""", 4096)]
    [InlineData("/taken/v1/messages", """{"max_tokens":2000}""", 2000)]
    [InlineData("/taken/v1/messages", """{"max_completion_tokens":1}""", 4096)]
    [InlineData("/taken/v1beta/models/cheap:generateContent", """{"generationConfig":{"maxOutputTokens":500,"candidateCount":4}}""", 2000)]
    [InlineData("/taken/v1beta/models/cheap:generateContent", """{"max_tokens":1}""", 4096)]
    [InlineData("/taken/model/cheap/converse", """{"inferenceConfig":{"maxTokens":2000}}""", 2000)]
    [InlineData("/taken/model/cheap/converse", """{"max_tokens":1}""", 4096)]
    public async Task T73_Only_the_cap_that_the_provider_reads_makes_a_request_cheaper(string path, string fields, long tokens)
    {
        await using ChatApp chat = await StartAsync();
        decimal estimate = await EstimateAsync(chat, path, "{\"model\":\"cheap\"," + fields[1..]);

        // Besides the output there are a few tokens of overhead, and names the API does not know.
        Assert.InRange(estimate, tokens * Written, tokens * Written + 100 * Read);
    }

    [Theory]
    [InlineData(Chat, """{"n":3}""", 3)]
    [InlineData(Chat, """{"n":"3"}""", 3)]
    [InlineData(Chat, """{"n":3e0}""", 3)]
    [InlineData(Chat, """{"n":null}""", 1)]
    [InlineData(Completions, """{"n":2,"best_of":5}""", 5)]
    [InlineData(Completions, """{"n":5,"best_of":2}""", 5)]
    [InlineData(Completions, """{"prompt":["a","b","c"]}""", 3)]
    [InlineData(Completions, """{"n":2,"prompt":["a","b","c"]}""", 6)]
    [InlineData(Completions, """{"prompt":[[1,2],[3,4]],"best_of":4}""", 8)]
    [InlineData(Chat, """{"n":1000000}""", 1_000_000)]
    public async Task T76_Every_answer_that_is_asked_for_is_in_the_estimate(string path, string fields, long answers)
    {
        await using ChatApp chat = await StartAsync();
        decimal estimate = await EstimateAsync(chat, path, "{\"model\":\"cheap\",\"max_tokens\":1000," + fields[1..]);
        Assert.InRange(estimate, answers * 1000 * Written, answers * 1000 * Written + 100 * Read);
    }

    [Fact]
    public async Task T71_Embeddings_are_priced_by_all_of_their_inputs_and_settled_at_what_they_used()
    {
        await using ChatApp chat = await StartAsync();
        string text = new('x', 300);
        string many = string.Join(',', Enumerable.Repeat($"\"{text}\"", 2048));
        decimal one = await EstimateAsync(chat, Embeddings, $$"""{"model":"cheap","input":"{{text}}"}""");
        decimal all = await EstimateAsync(chat, Embeddings, $$"""{"model":"cheap","input":[{{many}}]}""");
        Assert.True(all >= 2048 * 100 * Read && all <= 2048 * one, $"one {one}, all {all}");

        string ids = string.Join(',', Enumerable.Repeat("[1,2,3,4,5]", 2048));
        decimal coded = await EstimateAsync(chat, Embeddings, $$"""{"model":"cheap","input":[{{ids}}]}""");
        Assert.InRange(coded, 2048 * 5 * Read, 2048 * 5 * Read + 100 * Read);

        await chat.App.PostAsync("/answered/v1/embeddings", $$"""{"model":"cheap","input":[{{ids}}]}""", "bob");
        Assert.Equal(10_240 * Read, (await chat.App.BalanceAsync("bob")).Settled);
    }

    [Fact]
    public async Task T71_Embeddings_that_do_not_fit_are_denied_although_one_input_would()
    {
        await using ChatApp chat = await StartAsync("""{"Budgets":{"daily":{"Limit":0.001,"Period":"Day","Per":["User"]}}}""");
        string many = string.Join(',', Enumerable.Repeat($"\"{new string('x', 300)}\"", 2048));
        Assert.Equal(402, await chat.AskAsync($$"""{"model":"cheap","input":[{{many}}]}""", path: "/v1/embeddings"));
        Assert.Equal(200, await chat.AskAsync("""{"model":"cheap","input":"x"}""", path: "/v1/embeddings"));
        Assert.Equal(1, chat.Arrivals);
    }

    public enum Estimator
    {
        Null,
        Negative,
        Throwing,
        Huge,
        Largest,
    }

    [Theory]
    [InlineData(Estimator.Null, true, 200)]
    [InlineData(Estimator.Null, false, 200)]
    [InlineData(Estimator.Negative, true, 200)]
    [InlineData(Estimator.Negative, false, 503)]
    [InlineData(Estimator.Throwing, true, 200)]
    [InlineData(Estimator.Throwing, false, 503)]
    [InlineData(Estimator.Huge, true, 402)]
    [InlineData(Estimator.Huge, false, 402)]
    [InlineData(Estimator.Largest, true, 402)]
    [InlineData(Estimator.Largest, false, 402)]
    public async Task T87_Estimator_that_misbehaves_never_makes_a_request_cheaper(Estimator kind, bool failOpen, int status)
    {
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup =>
        {
            setup.Keys["BudgetGuard:FailOpen"] = failOpen.ToString();
            setup.Guard = guard => guard.UseCostEstimator(_ => kind switch
            {
                Estimator.Null => (decimal?)null,
                Estimator.Negative => -0.01m,
                Estimator.Huge => 9_000_000_000m,
                Estimator.Largest => decimal.MaxValue,
                _ => throw new InvalidOperationException("broken"),
            });
        });
        chat.Model.TellsUsage = false;
        Assert.Equal(status, await chat.AskAsync());
        Assert.Equal(status == 200 ? 1 : 0, chat.Arrivals);

        // Where the guard's own estimate stands it is what is charged: at least the cap of a hundred tokens.
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.InRange(balance.Settled, status == 200 ? 100 * Written : 0, status == 200 ? 200 * Written : 0);
        await chat.AssertBooksAsync();

        await chat.App.SpendAsync(1m - balance.Settled);
        Assert.Equal(kind is Estimator.Negative or Estimator.Throwing && !failOpen ? 503 : 402, await chat.AskAsync());
    }

    [Theory]
    [InlineData("/taken/v1/messages", "content", "tool_use", "input")]
    [InlineData("/taken/v1beta/models/cheap:generateContent", "parts", "functionCall", "args")]
    [InlineData("/taken/v1beta/models/cheap:generateContent", "parts", "functionResponse", "response")]
    [InlineData("/taken/model/cheap/converse", "content", "toolResult", "json")]
    public async Task Arguments_and_results_of_tools_are_text_whatever_their_names(string path, string parts, string part, string member)
    {
        await using ChatApp chat = await StartAsync();
        string text = string.Concat(Enumerable.Repeat("some words, ", 10_000));
        string image = "iVBORw0KGgoAAAANSUhEUgAA" + new string('A', 600) + text;
        string ids = string.Join(',', Enumerable.Range(0, 2_000).Select(_ => $$"""{"id":"{{text[..60]}}"}"""));
        string messages = path.Contains("models", StringComparison.Ordinal) ? "contents" : "messages";
        foreach (string json in (string[])[$$"""{"image":"{{text}}"}""", $$$"""{"image_url":{"url":"{{{text}}}"}}""", $$"""{"data":"{{image}}"}""", $$"""{"list":[{{ids}}]}"""])
        {
            decimal estimate = await EstimateAsync(
                chat, path, $$$"""{"model":"cheap","{{{messages}}}":[{"role":"user","{{{parts}}}":[{"{{{part}}}":{"{{{member}}}":{{{json}}} } }]}]}""");
            Assert.True(estimate >= (30_000 * Read) + (4_096 * Written), $"{estimate} for {json[..30]}…");
        }
    }

    [Theory]
    [InlineData(Completions, "suffix")]
    [InlineData(Chat, "chat_template")]
    public async Task Text_in_a_field_the_guard_does_not_know_is_counted(string path, string field)
    {
        await using ChatApp chat = await StartAsync();
        decimal estimate = await EstimateAsync(chat, path, $$"""{"model":"cheap","max_tokens":0,"prompt":"x","{{field}}":"{{new string('x', 90_000)}}"}""");
        Assert.True(estimate >= 30_000 * Read, $"{estimate}");
    }

    private static Task<ChatApp> StartAsync(string section = Generous) => ChatApp.StartAsync(section, map: static app =>
    {
        app.MapPost("/taken/{**rest}", static () => Results.NoContent());
        app.MapPost("/answered/v1/embeddings", static async (HttpContext context) =>
        {
            using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body);
            int tokens = body.RootElement.GetProperty("input").EnumerateArray().Sum(static input => input.GetArrayLength());
            return Results.Content(
                $$$"""{"object":"list","data":[],"model":"cheap","usage":{"prompt_tokens":{{{tokens}}},"total_tokens":{{{tokens}}}}}""", "application/json");
        });
    });

    private static async Task<decimal> EstimateAsync(ChatApp chat, string path, string body)
    {
        using HttpResponseMessage answer = await chat.App.PostAsync(path, body);
        Assert.True(answer.StatusCode == System.Net.HttpStatusCode.NoContent, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return decimal.Parse(answer.Headers.GetValues("X-BudgetGuard-Estimate").Single(), CultureInfo.InvariantCulture);
    }
}
