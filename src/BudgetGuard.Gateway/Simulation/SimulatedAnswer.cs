using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>Writes what the simulated model answers, and says on each answer that it is simulated.</summary>
internal static class SimulatedAnswer
{
    public const string Header = "X-BudgetGuard-Simulated";

    private static readonly byte[] EndOfEvent = "\n\n"u8.ToArray();
    private static readonly byte[] Data = "data: "u8.ToArray();
    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    public static Task WriteJsonAsync(HttpContext context, JsonNode body)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        Start(context, "application/json");
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    public static void StartEvents(HttpContext context)
    {
        Start(context, "text/event-stream; charset=utf-8");
        context.Response.Headers.CacheControl = "no-cache";
    }

    /// <summary>One event, sent at once.</summary>
    public static async Task WriteEventAsync(HttpContext context, JsonNode data, string? name = null)
    {
        Stream body = context.Response.Body;
        using MemoryStream text = new();
        if (name is not null)
        {
            text.Write(Encoding.UTF8.GetBytes($"event: {name}\n"));
        }

        text.Write(Data);
        JsonSerializer.Serialize(text, data);
        text.Write(EndOfEvent);
        await body.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), context.RequestAborted);
        await body.FlushAsync(context.RequestAborted);
    }

    /// <summary>The mark that ends a stream of OpenAI's.</summary>
    public static Task WriteDoneAsync(HttpContext context) => context.Response.Body.WriteAsync(Done, context.RequestAborted).AsTask();

    public static void Start(HttpContext context, string contentType)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = contentType;
        context.Response.Headers[Header] = "true";
    }

    /// <summary>Now, in the seconds that vendors write times in.</summary>
    public static long Seconds(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds();
}
