using System.Net;
using System.Text.Json;
using BudgetGuard.Gateway.Tests.Rig;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace BudgetGuard.Gateway.Tests.Administration;

/// <summary>The API in the gateway, with and without a key, its document and its page (T184 to T186, T190, T194, T201).</summary>
public sealed class ApiTests : GatewayTests
{
    private const string Prefix = "/budgetguard/api";
    private const string Key = "an-administration-key-of-40-characters..";

    private static readonly Dictionary<string, string?> _withKey = new() { ["Gateway:AdminKey"] = Key };

    private static readonly Dictionary<string, string?> _withKeys = new()
    {
        ["Gateway:AdminKey"] = Key,
        ["Gateway:Keys:0:Key"] = "key-of-alice",
        ["Gateway:Keys:0:User"] = "alice",
        ["Gateway:Keys:1:Key"] = "key-of-bob",
        ["Gateway:Keys:1:User"] = "bob",
    };

    [Fact]
    public async Task T184_without_a_key_this_machine_is_answered_and_nothing_that_was_forwarded()
    {
        GatewayUnderTest gateway = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway, "GET", Prefix + "/budgets"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway, "GET", Prefix + "/docs/"));
        foreach (string path in (string[])["/budgets", "/me", "/events", "/openapi/v1.json", "/docs", "/docs/", "/anything"])
        {
            foreach ((string name, string value) in ((string, string)[])[("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("X-Real-IP", "127.0.0.1"), ("Via", "1.1 x")])
            {
                Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(gateway, "GET", Prefix + path, (name, value)));
            }
        }
    }

    [Fact]
    public async Task T186_T201_with_a_key_every_route_wants_it_the_document_and_the_page_too()
    {
        GatewayUnderTest gateway = await StartAsync(settings: _withKey);
        string[] paths = [.. gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(static endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/')).Where(static path => path.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(static path => path.Replace("{documentName}", "v1", StringComparison.Ordinal).Replace("{documentName?}", "v1", StringComparison.Ordinal).Replace("{**path}", "else", StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal)];
        Assert.Contains(Prefix + "/openapi/v1.json", paths);
        foreach (string path in paths)
        {
            foreach (string method in (string[])["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
            {
                Assert.Equal((method, path, HttpStatusCode.Unauthorized), (method, path, await StatusAsync(gateway, method, path)));
            }
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway, "GET", Prefix + "/budgets", ("Authorization", "Bearer " + Key), ("X-Forwarded-For", "10.0.0.1")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(gateway, "GET", Prefix + "/budgets", ("Authorization", "Bearer " + Key + "x")));
    }

    [Fact]
    public async Task T190_callers_read_their_own_accounts_with_their_own_key_and_nothing_else()
    {
        GatewayUnderTest gateway = await StartAsync(settings: _withKeys);
        foreach (string user in (string[])["alice", "bob"])
        {
            JsonElement own = await JsonAsync(gateway, "/me", ("Authorization", "Bearer key-of-" + user), ("X-User-ID", "carol"));
            Assert.Equal(user, Assert.Single(own.EnumerateArray()).GetProperty("partition").GetProperty("user").GetString());
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(gateway, "GET", Prefix + "/accounts?budget=own", ("Authorization", "Bearer key-of-" + user)));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(gateway, "GET", Prefix + "/me", ("Authorization", "Bearer key-of-carol")));
    }

    [Fact]
    public async Task T202_the_key_of_a_caller_decides_for_nobody_and_ends_no_hold()
    {
        GatewayUnderTest gateway = await StartAsync(settings: _withKeys);
        (string, string) alice = ("Authorization", "Bearer key-of-alice");
        foreach ((string method, string path) in ((string, string)[])[("POST", "/decisions"), ("POST", "/holds/1/settle"), ("POST", "/holds/1/extend"), ("DELETE", "/holds/1"), ("GET", "/authorize?profile=nginx"), ("POST", "/authorize/work")])
        {
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, await StatusAsync(gateway, method, Prefix + path, alice)));
        }

        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(gateway, "GET", Prefix + "/me?user=bob", alice));
    }

    [Theory]
    [InlineData("?returnUrl=//evil.example")]
    [InlineData("?returnUrl=/%5Cevil.example")]
    [InlineData("?url=https:evil.example")]
    public async Task T189_T200_the_page_sends_nobody_elsewhere_and_is_found_below_any_prefix(string query)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpClient client = new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = gateway.Client.BaseAddress };
        using HttpResponseMessage answer = await client.GetAsync(Prefix + "/docs" + query);
        Assert.Equal("docs/", answer.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("/docs/..%2f..%2fappsettings.json")]
    [InlineData("/docs/..%5c..%5cappsettings.json")]
    [InlineData("/docs/%2e%2e%2fappsettings.json")]
    [InlineData("/openapi/..%2fappsettings.json")]
    [InlineData("/docs/..%252fappsettings.json")]
    public async Task T198_no_file_is_read_beside_the_page(string path)
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.Client.GetAsync(Prefix + path);
        Assert.DoesNotContain("ShutdownTimeout", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_tops_up_whom_the_budget_denied()
    {
        const string guard = """{"Budgets":{"own":{"Requests":1,"Period":"Day","Per":["User"],"OnExceeded":"Reject"}}}""";
        GatewayUnderTest gateway = await StartAsync(guard, _withKey);
        string body = Calls.Body("/v1/chat/completions");
        Assert.Equal(200, await AskAsync(gateway, body));
        Assert.Equal(402, await AskAsync(gateway, body));
        using HttpRequestMessage topUp = new(HttpMethod.Post, Prefix + "/accounts/topup");
        topUp.Content = GatewayUnderTest.Json("""{"budget":"own","partition":{"user":"alice"},"amount":1}""");
        topUp.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Key);
        using HttpResponseMessage answer = await gateway.Client.SendAsync(topUp);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(200, await AskAsync(gateway, body));
        Assert.Equal(402, await AskAsync(gateway, body));

        JsonElement decisions = await JsonAsync(gateway, "/decisions", ("Authorization", "Bearer " + Key));
        Assert.Equal(["reject", "allow", "reject", "allow"], decisions.EnumerateArray().Select(static row => row.GetProperty("decision").GetString()));
        JsonElement spend = await JsonAsync(gateway, "/spend?group_by=user&interval=day", ("Authorization", "Bearer " + Key));
        Assert.Equal((2L, 2L), (spend[0].GetProperty("requests").GetInt64(), spend[0].GetProperty("denied").GetInt64()));
        Assert.True(spend[0].GetProperty("input_tokens").GetInt64() > 0 && spend[0].GetProperty("output_tokens").GetInt64() > 0);
    }

    [Fact]
    public async Task Explain_knows_the_routes_of_the_gateway()
    {
        GatewayUnderTest gateway = await StartAsync();
        JsonElement chat = await JsonAsync(gateway, "/explain?path=/v1/chat/completions&user=alice&model=gpt-4o");
        Assert.True(chat.GetProperty("guarded").GetBoolean());
        Assert.StartsWith("The endpoint says RequireBudget.", chat.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.False((await JsonAsync(gateway, "/explain?method=GET&path=/health")).GetProperty("guarded").GetBoolean());
    }

    [Fact]
    public async Task The_document_is_valid_and_has_every_route()
    {
        GatewayUnderTest gateway = await StartAsync(settings: _withKey);
        using HttpRequestMessage request = new(HttpMethod.Get, Prefix + "/openapi/v1.json");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Key);
        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        string json = await answer.Content.ReadAsStringAsync();
        ReadResult read = OpenApiDocument.Parse(json, "json");
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        string[] described = [.. read.Document!.Paths.SelectMany(static path => path.Value.Operations!.Select(operation => $"{operation.Key} {path.Key}")).Order(StringComparer.Ordinal)];
        string[] mapped = [.. gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(static endpoint => endpoint.RoutePattern.RawText!.StartsWith(Prefix, StringComparison.Ordinal) && endpoint.Metadata.GetMetadata<IEndpointNameMetadata>() is not null)
            .Select(static endpoint => $"{endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]} {endpoint.RoutePattern.RawText}")
            .Where(static route => !route.Contains("/openapi/", StringComparison.Ordinal) && !route.Contains("/docs", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(mapped, described);
        foreach (string route in (string[])["GET /budgets", "GET /accounts", "POST /accounts/topup", "POST /accounts/reset", "GET /spend", "GET /decisions", "GET /explain", "GET /alerts", "POST /alerts/test", "GET /me", "GET /events"])
        {
            Assert.Contains(route.Replace(" ", " " + Prefix, StringComparison.Ordinal), described);
        }

        CheckDeciding(read.Document);
        IOpenApiSchema row = read.Document.Components!.Schemas!["AccountRow"];
        Assert.Equal(
            ["available", "budget", "debt", "held", "limit", "partition", "resets_at", "settled", "window_start"], row.Properties!.Keys.Order(StringComparer.Ordinal));
        IEnumerable<string?> asked = read.Document.Paths[Prefix + "/spend"].Operations![HttpMethod.Get].Parameters!.Select(static parameter => parameter.Name);
        Assert.Equal(["from", "group_by", "interval", "to"], asked.Order(StringComparer.Ordinal));
        OpenApiOperation topUp = read.Document.Paths[Prefix + "/accounts/topup"].Operations![HttpMethod.Post];
        Assert.Equal(["amount", "budget", "partition", "until"], topUp.RequestBody!.Content!["application/json"].Schema!.Properties!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["200", "400", "401", "403", "404", "409", "415"], topUp.Responses!.Keys.Order(StringComparer.Ordinal));
        Assert.All(read.Document.Paths.SelectMany(static path => path.Value.Operations!.Values), static operation => Assert.False(string.IsNullOrEmpty(operation.Summary)));
    }

    /// <summary>Deciding is written as it is sent: names in snake case, numbers as numbers only.</summary>
    private static void CheckDeciding(OpenApiDocument document)
    {
        foreach ((string route, string asked, string answered) in ((string, string, string)[])
        [
            ("/decisions", "estimated_cost id model operation path request team ttl_seconds user", "body budget decision degraded estimated_cost expires_at headers hold_id remaining retry_after status"),
            ("/holds/{id}/settle", "cost model usage", "cost"),
            ("/holds/{id}/extend", "cost", "body budget decision degraded estimated_cost expires_at headers hold_id remaining retry_after status"),
        ])
        {
            OpenApiOperation operation = document.Paths[Prefix + route].Operations![HttpMethod.Post];
            Assert.Equal(asked, Names(operation.RequestBody!.Content!["application/json"].Schema!));
            Assert.Equal(answered, Names(operation.Responses!["200"].Content!["application/json"].Schema!));
            Assert.Contains("401", operation.Responses.Keys);
        }

        IOpenApiSchema cost = document.Components!.Schemas!["ExtensionQuestion"].Properties!["cost"];
        Assert.Equal(JsonSchemaType.Number, cost.Type);
    }

    private static string Names(IOpenApiSchema schema) => string.Join(' ', schema.Properties!.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public async Task The_page_is_there_and_takes_nothing_from_elsewhere()
    {
        GatewayUnderTest gateway = await StartAsync();
        using HttpResponseMessage answer = await gateway.Client.GetAsync(Prefix + "/docs/");
        string page = await answer.Content.ReadAsStringAsync();
        Assert.Contains("openapi/v1.json", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
    }

    private static async Task<int> AskAsync(GatewayUnderTest gateway, string body)
    {
        using HttpResponseMessage answer = await gateway.PostAsync("/v1/chat/completions", body);
        return (int)answer.StatusCode;
    }

    private static async Task<HttpStatusCode> StatusAsync(GatewayUnderTest gateway, string method, string path, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return answer.StatusCode;
    }

    private static async Task<JsonElement> JsonAsync(GatewayUnderTest gateway, string path, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Prefix + path);
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {body}");
        using JsonDocument document = JsonDocument.Parse(body);
        return document.RootElement.Clone();
    }
}
