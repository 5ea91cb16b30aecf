using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Administration;

/// <summary>A guarded app with the API on Kestrel, so that requests have an address they come from.</summary>
internal sealed class ApiApp : IAsyncDisposable
{
    public const string Prefix = "/budgetguard/api";
    public const string AdminKey = "0123456789abcdef0123456789abcdef";

    private ApiApp(GuardedApp app) => App = app;

    public GuardedApp App { get; }

    public static async Task<ApiApp> StartAsync(
        string section = GuardedApp.OneDollarADay, Action<RouteGroupBuilder>? group = null, Action<GuardedAppSetup>? configure = null, Action<WebApplication>? map = null)
    {
        GuardedApp app = await GuardedApp.StartAsync(
            section,
            web =>
            {
                RouteGroupBuilder api = web.MapBudgetGuardApi();
                group?.Invoke(api);
                web.MapPost("/work", () => "done").WithCost(0.10m).WithOperation("work");
                map?.Invoke(web);
            },
            setup =>
            {
                setup.UseKestrel = true;
                configure?.Invoke(setup);
            });
        return new ApiApp(app);
    }

    /// <summary>All that a request can be told of by its answer.</summary>
    public static async Task<(int Status, string Body, HttpResponseMessage Answer)> SendAsync(HttpClient client, HttpRequestMessage request)
    {
        HttpResponseMessage answer = await client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer);
    }

    public static HttpRequestMessage Request(string method, string path, string? json = null, params ReadOnlySpan<(string Name, string Value)> headers)
    {
        HttpRequestMessage request = new(new HttpMethod(method), path.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? path : Prefix + path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    public async Task<(int Status, string Body, HttpResponseMessage Answer)> SendAsync(
        string method, string path, string? json = null, params (string Name, string Value)[] headers) =>
        await SendAsync(App.Client, Request(method, path, json, headers));

    /// <summary>A request that succeeds.</summary>
    public async Task<JsonElement> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        (int status, string body, _) = await SendAsync("GET", path, null, headers);
        Assert.True(status == 200, $"{status} {body}");
        return Parse(body);
    }

    public async Task<JsonElement> PostAsync(string path, string json, params (string Name, string Value)[] headers)
    {
        (int status, string body, _) = await SendAsync("POST", path, json, headers);
        Assert.True(status == 200, $"{status} {body}");
        return Parse(body);
    }

    public static JsonElement Parse(string body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        return document.RootElement.Clone();
    }

    /// <summary>The paths of the API as they are mapped, with something in the place of parameters.</summary>
    public IReadOnlyList<string> Paths() =>
    [
        .. App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(static endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/'))
            .Where(static path => path.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(static path => path.Replace("{**path}", "anything/else", StringComparison.Ordinal).Replace("{id}", "1", StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal),
    ];

    public async Task<int> WorkAsync(string user = "alice")
    {
        using HttpResponseMessage answer = await App.SendAsync(HttpMethod.Post, "/work", user);
        return (int)answer.StatusCode;
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();
}
