using System.Text;

namespace BudgetGuard.Load;

/// <summary>A model provider that costs next to nothing to ask: a fixed answer of a kilobyte, or a fixed stream.</summary>
internal static class Provider
{
    private static readonly byte[] _answer = Answer();
    private static readonly byte[] _delta = Encoding.UTF8.GetBytes(
        """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"word "}}],"usage":null}""" + "\n\n");

    private static readonly byte[] _end = Encoding.UTF8.GetBytes(
        """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":200,"completion_tokens":20,"total_tokens":220}}""" + "\n\ndata: [DONE]\n\n");

    public static Task RunAsync(string url)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        WebApplication app = builder.Build();
        app.MapPost("/v1/chat/completions", AnswerAsync);
        return app.RunAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        HttpResponse response = context.Response;
        if (body.ToArray().AsSpan().IndexOf("\"stream\":true"u8) < 0)
        {
            response.ContentType = "application/json";
            response.ContentLength = _answer.Length;
            await response.Body.WriteAsync(_answer);
            return;
        }

        response.ContentType = "text/event-stream";
        for (int i = 0; i < 20; i++)
        {
            await response.Body.WriteAsync(_delta);
            await response.Body.FlushAsync();
        }

        await response.Body.WriteAsync(_end);
    }

    private static byte[] Answer() => Encoding.UTF8.GetBytes(
        $$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"{{{new string('x', 790)}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":20,"total_tokens":220}}""");
}
