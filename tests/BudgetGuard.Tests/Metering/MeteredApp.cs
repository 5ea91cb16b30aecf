using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using BudgetGuard.Metering;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Metering;

public enum Server
{
    Test,
    Http1,
    Http2,
}

/// <summary>An app on a real or an in-memory server; requests with the header X-Meter are metered.</summary>
internal sealed class MeteredApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Server _server;
    private readonly Channel<Metered> _metered = Channel.CreateUnbounded<Metered>();

    private MeteredApp(WebApplication app, HttpClient client, Server server)
    {
        _server = server;
        _app = app;
        Client = client;
    }

    public HttpClient Client { get; }

    public ImmutableArray<IUsageReader> Readers { get; set; } = new UsageReaders([]).For("openai.chat");

    /// <summary>What the report does after it counted itself.</summary>
    public Func<ValueTask> OnReport { get; set; } = static async () => await Task.Yield();

    public static async Task<MeteredApp> StartAsync(Server server, Action<WebApplication> configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddControllers().AddApplicationPart(typeof(MeteredApp).Assembly);
        if (server == Server.Test)
        {
            builder.WebHost.UseTestServer();
        }
        else
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
                IPAddress.Loopback, 0, listen => listen.Protocols = server == Server.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1));
        }

        var app = builder.Build();
        MeteredApp? self = null;
        app.Use((context, next) => self!.MeterAsync(context, next));
        configure(app);
        await app.StartAsync();
        var client = server == Server.Test ? app.GetTestClient() : new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        return self = new MeteredApp(app, client, server);
    }

    public async Task<HttpResponseMessage> SendAsync(string path, bool metered, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path)
        {
            Version = _server == Server.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (metered)
        {
            request.Headers.Add("X-Meter", "1");
        }

        return await Client.SendAsync(request);
    }

    /// <summary>What the meter of the next finished request saw.</summary>
    public Task<Metered> NextAsync() => _metered.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    private async Task MeterAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Headers.ContainsKey("X-Meter"))
        {
            await next(context);
            return;
        }

        var before = context.Features.Get<IHttpResponseBodyFeature>();
        var seen = new Metered();
        var meter = ResponseMeter.Attach(
            context,
            Readers,
            async usage =>
            {
                await OnReport();
                seen.Reports++;
            },
            seen.Complaints.Add);
        try
        {
            await next(context);
        }
        finally
        {
            await meter.FinishAsync();
            seen.Meter = meter;
            seen.IsRestored = ReferenceEquals(before, context.Features.Get<IHttpResponseBodyFeature>());
            _metered.Writer.TryWrite(seen);
        }
    }

    internal sealed class Metered
    {
        public ResponseMeter Meter { get; set; } = null!;

        public volatile int Reports;

        public bool IsRestored { get; set; }

        public List<Exception> Complaints { get; } = [];
    }
}
