using Yarp.ReverseProxy.Configuration;

namespace BudgetGuard.Load;

/// <summary>The same routes through YARP as it comes, with nothing in front.</summary>
internal static class BareYarp
{
    public static Task RunAsync(string url, string upstream)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        RouteConfig[] routes =
        [
            .. ((string[])["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"]).Select(static path => new RouteConfig
            {
                RouteId = path,
                ClusterId = "openai",
                Match = new RouteMatch { Path = path, Methods = ["POST"] },
            }),
        ];
        ClusterConfig[] clusters =
        [
            new() { ClusterId = "openai", Destinations = new Dictionary<string, DestinationConfig> { ["only"] = new() { Address = upstream } } },
        ];
        builder.Services.AddReverseProxy().LoadFromMemory(routes, clusters);
        WebApplication app = builder.Build();
        app.MapReverseProxy();
        return app.RunAsync();
    }
}
