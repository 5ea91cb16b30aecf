namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>How proxies ask.</summary>
internal static class Proxies
{
    public const string Root = "/budgetguard/api/authorize";
    public const string Chat = "/v1/chat/completions";

    public static Task<HttpResponseMessage> NginxAsync(DecidingApp app, string uri, string? method = "GET") =>
        AskAsync(app, "?profile=nginx", ("X-Original-URI", uri), ("X-Original-Method", method));

    public static Task<HttpResponseMessage> TraefikAsync(DecidingApp app, string uri, string method) =>
        AskAsync(app, "?profile=traefik", ("X-Forwarded-Uri", uri), ("X-Forwarded-Method", method));

    private static Task<HttpResponseMessage> AskAsync(DecidingApp app, string query, params (string Name, string? Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Root + query);
        request.Headers.Add("X-User-ID", "alice");
        foreach ((string name, string? value) in headers)
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return app.App.Client.SendAsync(request);
    }
}
