using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Responses;

/// <summary>Denials as real servers send them.</summary>
public sealed class ServerAnswerTests
{
    [Fact]
    public async Task Denial_of_HEAD_has_the_headers_of_the_body_and_no_body()
    {
        await using GuardedApp app = await StartAsync(static setup => setup.UseKestrel = true);
        await app.ExhaustAsync();
        string answer = await RawHttp.SendAsync(app.Address, "HEAD /api/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-User-ID: alice\r\n\r\n");
        Assert.Equal([402], RawHttp.Statuses(answer));
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/json\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("x-should-retry: false\r\n", answer, StringComparison.Ordinal);

        Told get = await Told.ReadAsync(app.GetAsync("/api/run"));
        Assert.Contains($"Content-Length: {get.Body.Length}\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Denial_of_HEAD_writes_no_body_where_the_server_would_send_it()
    {
        await using GuardedApp app = await StartAsync(static _ => { });
        await app.ExhaustAsync();
        Told told = await Told.ReadAsync(app.SendAsync(HttpMethod.Head, "/api/run"));
        Assert.Equal((402, string.Empty, "application/json"), (told.Status, told.Body, told["Content-Type"]));
    }

    [Fact]
    public async Task Denial_over_http2_is_the_one_of_http1()
    {
        Told first = await DenyAsync(static setup => setup.UseKestrel = true, HttpVersion.Version11);
        Told second = await DenyAsync(static setup => setup.UseKestrelHttp2(), HttpVersion.Version20);
        Assert.Equal((HttpVersion.Version11, HttpVersion.Version20), (first.Version, second.Version));
        Assert.Equal((402, first.Body), (second.Status, second.Body));
        Assert.All(
            ["Content-Type", "Content-Length", "Cache-Control", "x-should-retry", "Retry-After"], header => Assert.Equal(first[header], second[header]));
    }

    [Fact]
    public async Task Connection_goes_on_after_a_denial_whose_request_body_nobody_read()
    {
        await using GuardedApp app = await StartAsync(static setup => setup.UseKestrel = true);
        await app.ExhaustAsync();
        string body = new('x', 10_000);
        string answer = await RawHttp.SendAsync(
            app.Address,
            $"POST /api/run HTTP/1.1\r\nHost: localhost\r\nX-User-ID: alice\r\nContent-Length: {body.Length}\r\n\r\n{body}" + RawHttp.Request("GET", "/api/run", "X-User-ID: bob\r\n", string.Empty));
        Assert.Equal([402, 200], RawHttp.Statuses(answer));
    }

    private static async Task<Told> DenyAsync(Action<GuardedAppSetup> server, Version version)
    {
        await using GuardedApp app = await StartAsync(server);
        await app.ExhaustAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/run")
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { { "X-User-ID", "alice" } },
            Content = new StringContent("{}"),
        };
        return await Told.ReadAsync(app.Client.SendAsync(request));
    }

    private static Task<GuardedApp> StartAsync(Action<GuardedAppSetup> server) =>
        GuardedApp.StartAsync(GuardedApp.OneDollarADay, static app => app.Map("/api/run", static () => "done"), setup =>
        {
            server(setup);
            setup.Configure = static options => options.ExcludeMethods = [];
        });
}
