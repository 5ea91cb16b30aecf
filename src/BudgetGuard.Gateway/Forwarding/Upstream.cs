using System.Net;
using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Routing;
using BudgetGuard.Gateway.Settings;
using Yarp.ReverseProxy.Forwarder;

namespace BudgetGuard.Gateway.Forwarding;

/// <summary>One provider: a client of its own, so that one that is slow takes no connection from another.</summary>
internal sealed partial class Upstream : IDisposable
{
    private const int MaxConnections = 1024;

    private readonly Vendor _vendor;
    private readonly string _address;
    private readonly HttpTransformer _transformer;
    private readonly IHttpForwarder _forwarder;
    private readonly ILogger _logger;
    private readonly HttpMessageInvoker _client = CreateClient();
    private readonly ForwarderRequestConfig _config;

    public Upstream(Vendor vendor, UpstreamSettings settings, HttpTransformer transformer, IHttpForwarder forwarder, ILogger logger)
    {
        _vendor = vendor;
        _address = settings.Address!.AbsoluteUri.TrimEnd('/');
        _transformer = transformer;
        _forwarder = forwarder;
        _logger = logger;
        _config = new ForwarderRequestConfig
        {
            ActivityTimeout = settings.ActivityTimeout,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
    }

    public async Task ForwardAsync(HttpContext context)
    {
        ForwarderError error = await _forwarder.SendAsync(context, _address, _client, _config, _transformer);
        if (error == ForwarderError.None)
        {
            return;
        }

        LogFailed(_logger, Vendors.NameOf(_vendor), error, context.Features.Get<IForwarderErrorFeature>()?.Exception?.GetType().Name);

        // A client that left reads nothing; the status stays what the forwarder made it, because the guard settles by it.
        if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            bool isLate = context.Response.StatusCode == StatusCodes.Status504GatewayTimeout;
            await DialectErrors.WriteAsync(
                context,
                context.Response.StatusCode,
                isLate ? "upstream_timeout" : "upstream_unreachable",
                isLate ? "The model provider did not answer in time." : "The model provider could not be reached.");
        }
    }

    public void Dispose() => _client.Dispose();

    private static HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        // A redirect would carry the provider's key to wherever it points.
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true,
        MaxConnectionsPerServer = MaxConnections,
        ConnectTimeout = TimeSpan.FromSeconds(15),

        // New connections now and then, so that a changed address is noticed.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),

        // An answer that nobody waits for must stop at once: a provider goes on being paid for what is drained.
        ResponseDrainTimeout = TimeSpan.Zero,
        MaxResponseDrainSize = 0,
    });

    [LoggerMessage(1, LogLevel.Warning, "Forwarding to {Upstream} ended with {Error} ({Exception}).", EventName = "ForwardingFailed")]
    private static partial void LogFailed(ILogger logger, string upstream, ForwarderError error, string? exception);
}
