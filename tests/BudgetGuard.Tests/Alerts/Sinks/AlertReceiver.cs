using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>A receiver of alerts on a port of its own that keeps what it was sent.</summary>
internal sealed class AlertReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedAlert> _received = new();

    private AlertReceiver(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public IReadOnlyCollection<ReceivedAlert> Received => _received;

    /// <summary>Answers a request whose body was read. Default: 200 without a body.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = static _ => Task.CompletedTask;

    /// <param name="certificate">If given, it speaks TLS with it.</param>
    public static async Task<AlertReceiver> StartAsync(X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (certificate is null)
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }
        else
        {
            builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        }

        WebApplication app = builder.Build();
        AlertReceiver receiver = new(app);
        app.Run(async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            receiver._received.Enqueue(new ReceivedAlert(
                context.Request.Method, context.Request.GetEncodedPathAndQuery(), context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()), body.ToArray()));
            await receiver.Answer(context);
        });
        await app.StartAsync();
        return receiver;
    }

    public void Answers(int status, string body = "", string? retryAfter = null) => Answer = context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        return context.Response.WriteAsync(body);
    };

    /// <summary>Answers each request with the next of the statuses, the last one for all that follow.</summary>
    public void AnswersInTurn(params int[] statuses)
    {
        int next = -1;
        Answer = context =>
        {
            context.Response.StatusCode = statuses[Math.Min(Interlocked.Increment(ref next), statuses.Length - 1)];
            return Task.CompletedTask;
        };
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>One request as it came.</summary>
internal sealed record ReceivedAlert(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body);
