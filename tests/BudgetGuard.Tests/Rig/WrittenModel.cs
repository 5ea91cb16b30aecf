using System.IO.Compression;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Rig;

/// <summary>A model whose answers the test writes piece by piece.</summary>
internal sealed class WrittenModel : IAsyncDisposable
{
    /// <summary>Only an app that never comes to a step meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EndOfRequests _ends = new();
    private readonly Channel<string> _pieces = Channel.CreateUnbounded<string>();
    private readonly Channel<bool> _taken = Channel.CreateUnbounded<bool>();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GuardedApp App { get; private set; } = null!;

    public List<string> Written { get; } = [];

    public bool IsCompressed { get; set; }

    public bool IsCancelled => _cancelled.Task.IsCompleted;

    public static async Task<WrittenModel> StartAsync(string budgets, string settings = "")
    {
        WrittenModel run = new();
        GuardedAppSetup setup = new() { UseKestrel = true };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Pipeline = app =>
        {
            app.Use(run._ends.SignalAsync);
            app.UseBudgetGuard();
            app.MapPost("/run/{**rest}", run.AnswerAsync);
        };
        run.App = await GuardedApp.StartAsync($$"""{{{settings}}"StreamHoldTokens":100,"Budgets":{{budgets}}}""", setup);
        return run;
    }

    public static string Body(string path, int cap = 30_000) => path switch
    {
        "/run/v1/responses" => $$"""{"model":"exp","stream":true,"max_output_tokens":{{cap}},"input":"hello"}""",
        "/run/v1/completions" => $$"""{"model":"exp","stream":true,"max_tokens":{{cap}},"prompt":"hello"}""",
        _ when path.Contains("exp", StringComparison.Ordinal) =>
            $$$"""{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{"maxOutputTokens":{{{cap}}}}}""",
        _ => $$"""{"model":"exp","stream":true,"max_tokens":{{cap}},"messages":[{"role":"user","content":"hello"}]}""",
    };

    public static string Delta(string path, string text) => path switch
    {
        "/run/v1/responses" => $"event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\"}}\n\n",
        "/run/v1/messages" => $"event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n",
        "/run/v1/completions" => $"data: {{\"choices\":[{{\"index\":0,\"text\":\"{text}\"}}]}}\n\n",
        _ when path.EndsWith("array", StringComparison.Ordinal) => $",\r\n{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}]}}",
        _ when path.Contains("exp", StringComparison.Ordinal) => $"data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}]}}\r\n\r\n",
        _ => $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n",
    };

    public async Task<string> AskAsync(string path, string body)
    {
        using HttpResponseMessage response = await App.PostAsync(path, body);
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    public Task ReachedAsync() => _reached.Task.WaitAsync(Patience);

    public Task CancelledAsync() => _cancelled.Task.WaitAsync(Patience);

    /// <summary>Writes a piece; over when the app is.</summary>
    public async Task WriteAsync(string piece)
    {
        _pieces.Writer.TryWrite(piece);
        await Task.WhenAny(_taken.Reader.ReadAsync().AsTask(), _cancelled.Task).WaitAsync(Patience);
    }

    /// <summary>Waits until the request is over for the guard.</summary>
    public Task<int> OverAsync() => _ends.NextAsync();

    public void End() => _pieces.Writer.TryComplete();

    public ValueTask DisposeAsync() => App.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        bool isArray = context.Request.QueryString.Value == "?array";
        context.Response.ContentType = isArray ? "application/json" : "text/event-stream";
        context.Response.Headers.ContentEncoding = IsCompressed ? "gzip" : default;
        await using Stream? packed = IsCompressed ? new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true) : null;
        Stream body = packed ?? context.Response.Body;
        try
        {
            if (isArray)
            {
                await SendAsync(body, "[{\"candidates\":[]}", context.RequestAborted);
            }

            _reached.SetResult();
            await foreach (string piece in _pieces.Reader.ReadAllAsync(context.RequestAborted))
            {
                await SendAsync(body, piece, context.RequestAborted);
                _taken.Writer.TryWrite(true);
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort();
            throw;
        }
        finally
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                _cancelled.TrySetResult();
            }
        }
    }

    private async Task SendAsync(Stream body, string piece, CancellationToken cancellationToken)
    {
        await body.WriteAsync(Encoding.UTF8.GetBytes(piece), cancellationToken);
        Written.Add(piece);
        await body.FlushAsync(cancellationToken);
    }
}
