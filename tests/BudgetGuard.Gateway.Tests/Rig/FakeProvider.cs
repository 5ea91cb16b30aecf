using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>
/// A model provider on a port of its own that keeps its own bill. A call does what the script says that its prompt names (<c>script=NAME</c>), else the next of
/// the queue, else <see cref="Default"/>.
/// </summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Script> _named = new();
    private readonly ConcurrentQueue<Script> _next = new();
    private readonly ConcurrentQueue<ProviderCall> _calls = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ProviderCall>> _callOf = new();
    private readonly Channel<ProviderCall> _arrived = Channel.CreateUnbounded<ProviderCall>();
    private int _connections;

    private FakeProvider(WebApplication app) => _app = app;

    /// <summary>Only a call that never comes meets it: the test has failed then.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    public Uri Address => new(_app.Urls.First());

    public Script Default { get; set; } = new();

    public IReadOnlyCollection<ProviderCall> Calls => _calls;

    public int Hits => _calls.Count;

    /// <summary>How many connections were opened to it.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Nano-dollars of all calls.</summary>
    public long Bill => _calls.Sum(static call => call.Bill);

    public static async Task<FakeProvider> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        FakeProvider? provider = null;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.Use(next => connection =>
            {
                Interlocked.Increment(ref provider!._connections);
                return next(connection);
            });
        }));
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        WebApplication app = builder.Build();
        provider = new FakeProvider(app);
        app.Run(provider.AnswerAsync);
        await app.StartAsync();
        return provider;
    }

    /// <summary>Says what a call does whose prompt names the script; ends when it has come.</summary>
    public Task<ProviderCall> On(string name, Script script)
    {
        _named[name] = script;
        return _callOf.GetOrAdd(name, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Says what the next call does that names none.</summary>
    public void Next(params Script[] scripts)
    {
        foreach (Script script in scripts)
        {
            _next.Enqueue(script);
        }
    }

    /// <summary>Waits until another call has come.</summary>
    public Task<ProviderCall> ArrivedAsync() => _arrived.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Waits until all calls are over.</summary>
    public Task QuietAsync() => Task.WhenAll(_calls.Select(static call => call.Ended));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        ProviderCall call = await ReadAsync(context);
        using CancellationTokenRegistration gone = context.RequestAborted.Register(call.Cancel);
        _calls.Enqueue(call);
        if (CallReader.ScriptName(call.Body) is { } name && _callOf.TryGetValue(name, out TaskCompletionSource<ProviderCall>? came))
        {
            came.TrySetResult(call);
        }

        _arrived.Writer.TryWrite(call);
        try
        {
            await PlayAsync(context, call);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            // Nobody waits for the rest.
        }
        finally
        {
            // The registration may come after what else the token ends.
            if (context.RequestAborted.IsCancellationRequested)
            {
                call.Cancel();
            }

            call.End();
        }
    }

    private async Task<ProviderCall> ReadAsync(HttpContext context)
    {
        using StreamReader reader = new(context.Request.Body, Encoding.UTF8);
        string body = await reader.ReadToEndAsync(context.RequestAborted);
        string path = context.Request.Path.Value!;
        JsonNode? json = body.Length > 0 ? Parse(body) : null;
        Dialect dialect = CallReader.DialectOf(path);
        Script script = ScriptOf(body);
        return new ProviderCall
        {
            Method = context.Request.Method,
            Path = path,
            Query = context.Request.QueryString.Value ?? "",
            Headers = context.Request.Headers.ToDictionary(static header => header.Key, static header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            Body = body,
            Json = json,
            Script = script,
            Dialect = dialect,
            Model = CallReader.ModelOf(dialect, path, json),
            IsStream = CallReader.IsStream(dialect, path, json),
            PromptTokens = CallReader.PromptTokens(json),
            Planned = dialect == Dialect.Embeddings ? 0 : Math.Min(script.Tokens, CallReader.Cap(json)),
            AsksForUsage = CallReader.AsksForUsage(json),
        };
    }

    private static JsonNode? Parse(string body)
    {
        try
        {
            return JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Script ScriptOf(string body)
    {
        if (CallReader.ScriptName(body) is { } name && _named.TryGetValue(name, out Script? named))
        {
            return named;
        }

        return _next.TryDequeue(out Script? next) ? next : Default;
    }

    private static async Task PlayAsync(HttpContext context, ProviderCall call)
    {
        Script script = call.Script;
        context.Response.StatusCode = script.Status;
        foreach ((string name, string value) in script.Headers)
        {
            context.Response.Headers[name] = value;
        }

        bool isStream = call.IsStream && script.Body is null;
        bool isArray = call.Dialect == Dialect.Gemini && !call.Query.Contains("alt=sse", StringComparison.Ordinal);
        context.Response.ContentType = script.ContentType ?? (isStream && !isArray ? "text/event-stream; charset=utf-8" : "application/json");
        AnswerWriter writer = new(context, call);
        if (isStream)
        {
            await StreamAsync(context, call, writer);
            return;
        }

        if (script.BeforeEvent is { } wait)
        {
            await wait(0, context.RequestAborted);
        }

        byte[] answer = Encoding.UTF8.GetBytes(script.Body ?? (call.Dialect == Dialect.None ? "{}" : Answers.Json(call)));
        call.Wrote(answer, script.Body is null ? call.Planned : 0);
        if (await writer.WriteAsync(answer))
        {
            await writer.EndAsync();
        }
    }

    private static async Task StreamAsync(HttpContext context, ProviderCall call, AnswerWriter writer)
    {
        Script script = call.Script;
        int number = 0;
        foreach (Part part in Answers.Stream(call))
        {
            if (script.BeforeEvent is { } wait)
            {
                await wait(number, context.RequestAborted);
            }

            if (script.ReadAhead is { } ahead)
            {
                await ahead.BeforeEventAsync(context.RequestAborted);
            }

            number++;
            byte[] bytes = Encoding.UTF8.GetBytes(part.Text);
            call.Wrote(bytes, part.Tokens, part.IsUsageOnly);
            if (!await writer.WriteAsync(bytes))
            {
                return;
            }

            context.RequestAborted.ThrowIfCancellationRequested();
        }

        await writer.EndAsync();
    }
}
