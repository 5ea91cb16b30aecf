using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>An app that writes to the pipe and to the stream of its answer: the server keeps the order, and so must the guard.</summary>
public sealed class MixedWritesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writes_to_the_pipe_and_to_the_stream_keep_their_order(bool isStream)
    {
        GuardedAppSetup setup = new() { UseKestrel = true };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Pipeline = app =>
        {
            app.UseBudgetGuard();
            app.MapPost("/v1/chat/completions", async (HttpContext context) =>
            {
                context.Response.ContentType = "text/event-stream";
                byte[] first = Encoding.UTF8.GetBytes("data: {\"choices\":[{\"delta\":{\"content\":\"first\"}}]}\n\n");
                first.CopyTo(context.Response.BodyWriter.GetSpan(first.Length));
                context.Response.BodyWriter.Advance(first.Length);
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("data: {\"choices\":[{\"delta\":{\"content\":\"second\"}}]}\n\n"));
                await context.Response.BodyWriter.FlushAsync();
            });
        };
        await using GuardedApp app = await GuardedApp.StartAsync(Books.Section, setup);
        using HttpClient client = new() { BaseAddress = new Uri(app.Address.ToString()) };
        using StringContent body = new($$"""{"model":"cheap","stream":{{(isStream ? "true" : "false")}},"messages":[]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync("/v1/chat/completions", body);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(text.IndexOf("first", StringComparison.Ordinal) < text.IndexOf("second", StringComparison.Ordinal), text);
    }
}
