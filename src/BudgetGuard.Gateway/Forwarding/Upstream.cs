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

        if (context.RequestAborted.IsCancellationRequested)
        {
            LogClientLeft(_logger, Vendors.NameOf(_vendor), error);
        }
        else
        {
            LogFailed(_logger, Vendors.NameOf(_vendor), error, context.Features.Get<IForwarderErrorFeature>()?.Exception?.GetBaseException().Message);
        }

        if (IsBrokenOff(error, context))
        {
            // Thrown, so that the guard charges what came, or the estimate: the provider may have done the work, and bills it whether its answer arrives or not.
            // Where the answer has begun, the forwarder has ended the connection already, but the request's token is cancelled only a moment later.
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The model provider broke the call off.");
        }

        // The status stays what the forwarder made it: the guard settles by it.
        int status = context.Response.StatusCode;
        (string code, string message) = status switch
        {
            StatusCodes.Status504GatewayTimeout => ("upstream_timeout", "The model provider did not answer in time."),
            >= StatusCodes.Status500InternalServerError => ("upstream_unreachable", "The model provider could not be reached."),
            _ => ("invalid_body", "The body could not be read."),
        };
        await DialectErrors.WriteAsync(context, status, code, message);
    }

    private static bool IsBrokenOff(ForwarderError error, HttpContext context) => error switch
    {
        ForwarderError.Request or ForwarderError.RequestBodyDestination => !IsBeforeSending(context),
        ForwarderError.ResponseBodyDestination or ForwarderError.ResponseBodyCanceled => !context.RequestAborted.IsCancellationRequested,
        _ => false,
    };

    /// <summary>True where there was no connection that the request could have gone out on.</summary>
    private static bool IsBeforeSending(HttpContext context) => context.Features.Get<IForwarderErrorFeature>()?.Exception is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError or HttpRequestError.VersionNegotiationError,
    };

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

    [LoggerMessage(1, LogLevel.Warning, "Forwarding to {Upstream} ended with {Error}: {Reason}", EventName = "ForwardingFailed")]
    private static partial void LogFailed(ILogger logger, string upstream, ForwarderError error, string? reason);

    [LoggerMessage(4, LogLevel.Debug, "The client left while {Upstream} was answering ({Error}).", EventName = "ClientLeft")]
    private static partial void LogClientLeft(ILogger logger, string upstream, ForwarderError error);
}
