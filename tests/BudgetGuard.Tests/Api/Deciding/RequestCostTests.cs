using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>A request that is described is costed as the middleware costs it, and its usage is charged as the middleware charges it.</summary>
public sealed class RequestCostTests
{
    private const string Plenty = """{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":1000,"Period":"Day","Per":["User"]},"tokens":{"Tokens":100000000,"Period":"Day","Per":["User"]}}}""";
    private const string Hello = "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]";

    public static TheoryData<string, string> Requests => new()
    {
        { "/v1/chat/completions", $$"""{"model":"cheap","max_tokens":100,{{Hello}}}""" },
        { "/v1/chat/completions", $$"""{"model":"exp","max_completion_tokens":700,"n":3,{{Hello}}}""" },
        { "/v1/chat/completions", $$"""{"model":"exp","stream":true,"max_tokens":9000,{{Hello}}}""" },
        { "/v1/chat/completions", $$"""{"model":"nobody-knows","max_tokens":9000,{{Hello}}}""" },
        { "/v1/messages", $$"""{"model":"cheap","max_tokens":100,"system":"be kind",{{Hello}}}""" },
        { "/v1/responses", """{"model":"exp","max_output_tokens":50,"input":"hello"}""" },
        { "/v1/embeddings", """{"model":"cheap","input":["one","two"]}""" },
        { "/v1/completions", """{"model":"cheap","prompt":"hello","max_tokens":5}""" },
        { "/v1beta/models/exp:generateContent", """{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{"maxOutputTokens":70}}""" },
        { "/openai/deployments/exp/chat/completions?api-version=1", $$"""{"max_tokens":100,{{Hello}}}""" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task The_estimate_is_that_of_the_middleware(string path, string body)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        using HttpResponseMessage own = await app.App.PostAsync(path, body);
        decimal estimate = decimal.Parse(own.Headers.GetValues("X-BudgetGuard-Estimate").Single(), CultureInfo.InvariantCulture);
        Answered answer = (await app.DecideAsync($$"""{"user":"bob","path":"{{path}}","request":{{body}}}""")).Allowed();
        Assert.Equal(estimate, answer.Json.GetProperty("estimated_cost").GetDecimal());
        Assert.Equal((0m, estimate), await app.BooksAsync("bob"));
        Assert.True((await app.BooksAsync("bob", "tokens")).Held > 0);
    }

    public static TheoryData<string, string> Telling => new()
    {
        { "/v1/chat/completions", $$"""{"model":"cheap","max_tokens":100,{{Hello}}}""" },
        { "/v1/chat/completions", $$"""{"model":"exp","n":3,"max_tokens":100,{{Hello}}}""" },
        { "/v1/messages", $$"""{"model":"exp","max_tokens":100,"system":"x","thinking":{"type":"enabled"},{{Hello}}}""" },
        { "/v1/responses", """{"model":"exp","max_output_tokens":50,"input":"hello"}""" },
        { "/v1/embeddings", """{"model":"exp","encoding_format":"float","input":"hello"}""" },
        { "/v1/completions", """{"model":"exp","prompt":"hello","max_tokens":5}""" },
    };

    [Theory]
    [MemberData(nameof(Telling))]
    public async Task Without_a_path_a_body_that_leaves_no_doubt_is_costed_alike(string path, string body)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        Answered with = (await app.DecideAsync($$"""{"user":"alice","path":"{{path}}","request":{{body}}}""")).Allowed();
        Answered without = (await app.DecideAsync($$"""{"user":"bob","request":{{body}}}""")).Allowed();
        Assert.Equal(with.Json.GetProperty("estimated_cost").GetRawText(), without.Json.GetProperty("estimated_cost").GetRawText());
    }

    [Theory]
    [InlineData("""{"model":"exp","input":"hello"}""")]
    [InlineData("""{"model":"exp","prompt":"a cat"}""")]
    [InlineData("""{"messages":[]}""")]
    [InlineData("""{"model":"exp"}""")]
    [InlineData("{}")]
    [InlineData("""{"model":"exp","messages":[],"input":"x"}""")]
    [InlineData("""{"model":"exp","messages":[],"n":2,"system":"x"}""")]
    public async Task Without_a_path_a_body_that_leaves_doubt_is_refused(string body)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        Answered answer = (await app.DecideAsync($$"""{"user":"alice","request":{{body}}}""")).Is(HttpStatusCode.BadRequest);
        Assert.Equal("request", answer.Field);
        Assert.Contains("path", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operation_is_that_of_the_path_where_none_is_named()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"embed":{"Limit":1,"Period":"Day","Match":{"Operations":["text_embedding"]}}}}""");
        Answered embedding = (await app.DecideAsync("""{"user":"alice","path":"/v1/embeddings","estimated_cost":0.1}""")).Allowed();
        Assert.Equal("embed", embedding.Json.GetProperty("budget").GetString());
        Answered other = (await app.DecideAsync("""{"user":"alice","path":"/v1/embeddings","operation":"mine","estimated_cost":0.1}""")).Allowed();
        Assert.Equal(JsonValueKind.Null, other.Json.GetProperty("budget").ValueKind);
    }

    [Fact]
    public async Task What_says_nothing_costs_the_default()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        Answered answer = (await app.DecideAsync("""{"user":"alice"}""")).Allowed();
        Assert.Equal(0.01m, answer.Json.GetProperty("estimated_cost").GetDecimal());
    }

    [Fact]
    public async Task A_model_without_a_price_is_refused_where_such_are()
    {
        await using DecidingApp app = await DecidingApp.StartAsync("""{"UnpricedModels":"Reject","Budgets":{"daily":{"Limit":1,"Period":"Day"}}}""");
        (await app.DecideAsync("""{"user":"alice","model":"nobody-knows"}""")).Is(HttpStatusCode.BadRequest);
        (await app.DecideAsync($$"""{"user":"alice","request":{"model":"nobody-knows","n":1,{{Hello}} } }""")).Is(HttpStatusCode.BadRequest);
        (await app.DecideAsync("""{"user":"alice","model":"nobody-knows","estimated_cost":0.1}""")).Allowed();
    }

    [Fact]
    public async Task An_estimator_of_the_app_sees_the_request_that_was_described()
    {
        string? seen = null;
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty, setup => setup.Guard = guard => guard.UseCostEstimator(context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen = $"{context.Request.Method} {context.Request.Path} {reader.ReadToEndAsync().GetAwaiter().GetResult()}";
            return 0.125m;
        }));
        Answered answer = (await app.DecideAsync("""{"user":"alice","path":"/v1/chat/completions","request":{"model":"cheap","messages":[]}}""")).Allowed();
        Assert.Equal(0.125m, answer.Json.GetProperty("estimated_cost").GetDecimal());
        Assert.Equal("""POST /v1/chat/completions {"model":"cheap","messages":[]}""", seen);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}""")]
    [InlineData("""{"input_tokens":100,"output_tokens":50,"total_tokens":150,"output_tokens_details":{"reasoning_tokens":20}}""")]
    [InlineData("""{"input_tokens":100,"output_tokens":50}""")]
    [InlineData("""{"promptTokenCount":100,"candidatesTokenCount":30,"thoughtsTokenCount":20,"totalTokenCount":150}""")]
    [InlineData("""{"inputTokens":100,"outputTokens":50,"totalTokens":150}""")]
    [InlineData("""{"billed_units":{"input_tokens":100,"output_tokens":50}}""")]
    [InlineData("""{"prompt_eval_count":100,"eval_count":50}""")]
    public async Task The_usage_of_each_provider_is_charged_by_the_price_of_its_model(string usage)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Answered answer = (await app.PostAsync($"/holds/{hold}/settle", $$"""{"model":"exp","usage":{{usage}}}""")).Is(HttpStatusCode.OK);
        Assert.Equal(0.006m, answer.Json.GetProperty("cost").GetDecimal());
        Assert.Equal((0.006m, 0m), await app.BooksAsync());
        Assert.Equal((150m, 0m), await app.BooksAsync(budget: "tokens"));
        Assert.Equal(answer.Text, (await app.PostAsync($"/holds/{hold}/settle", $$"""{"model":"exp","usage":{{usage}}}""")).Text);
        Assert.Equal(answer.Text, (await app.SettleAsync(hold, 0.006m)).Text);
        (await app.PostAsync($"/holds/{hold}/settle", $$"""{"model":"cheap","usage":{{usage}}}""")).Is(HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("/v1/messages", """{"input_tokens":10,"output_tokens":50,"cache_read_input_tokens":90}""")]
    [InlineData("/v1/chat/completions", """{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":90}}""")]
    public async Task The_cache_counts_as_the_api_of_the_decision_counts_it(string path, string usage)
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        string hold = (await app.DecideAsync($$"""{"user":"alice","path":"{{path}}","estimated_cost":0.5}""")).Allowed().HoldId;
        (await app.PostAsync($"/holds/{hold}/settle", $$"""{"model":"exp","usage":{{usage}}}""")).Is(HttpStatusCode.OK);
        Assert.Equal((150m, 0m), await app.BooksAsync(budget: "tokens"));
    }

    [Fact]
    public async Task T203_A_cost_of_nothing_is_charged_only_where_it_is_said()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        string hold = (await app.DecideAsync(0.5m)).Allowed().HoldId;
        Assert.Equal("""{"cost":0}""", (await app.SettleAsync(hold, 0m)).Is(HttpStatusCode.OK).Text);
        Assert.Equal((0m, 0m), await app.BooksAsync());
    }

    [Fact]
    public async Task A_settlement_by_cost_leaves_the_tokens_of_the_estimate()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        string hold = (await app.DecideAsync($$"""{"user":"alice","request":{"model":"cheap","max_tokens":100,{{Hello}} } }""")).Allowed().HoldId;
        decimal tokens = (await app.BooksAsync(budget: "tokens")).Held;
        await app.SettleAsync(hold, 0.001m);
        Assert.Equal((tokens, 0m), await app.BooksAsync(budget: "tokens"));
    }

    [Fact]
    public async Task T207_A_request_that_sets_no_bound_holds_what_its_model_may_write()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        Answered bounded = (await app.DecideAsync($$"""{"user":"alice","request":{"model":"exp","max_tokens":10,{{Hello}} } }""")).Allowed();
        Answered open = (await app.DecideAsync($$"""{"user":"alice","request":{"model":"exp",{{Hello}} } }""")).Allowed();
        Assert.Equal(
            4086 * 100m / 1_000_000m,
            open.Json.GetProperty("estimated_cost").GetDecimal() - bounded.Json.GetProperty("estimated_cost").GetDecimal());
    }

    [Fact]
    public async Task T207_A_request_that_is_cut_off_is_refused()
    {
        await using DecidingApp app = await DecidingApp.StartAsync(Plenty);
        (await app.DecideAsync("""{"user":"alice","path":"/v1/chat/completions","request":{"model":"exp","messages":[{"role":"us""")).Is(HttpStatusCode.BadRequest);
        (await app.DecideAsync("""{"user":"alice","path":"/v1/chat/completions","partial":true,"request":{"model":"exp","messages":[]}}""")).Is(HttpStatusCode.BadRequest);
    }
}
