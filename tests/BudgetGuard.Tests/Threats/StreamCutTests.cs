using System.Globalization;
using System.Text;
using System.Threading.Channels;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>Streams that end before they tell what they used, on real connections: the ledger is not below the provider's bill, and not at the whole hold.</summary>
public sealed class StreamCutTests
{
    private const string Path = "/run/v1/chat/completions";
    private const string Body = """{"model":"cheap","stream":true,"max_tokens":5000,"messages":[{"role":"user","content":"hello"}]}""";
    private const int Sent = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("reset")]
    [InlineData("leave")]
    [InlineData("abort")]
    [InlineData("exception")]
    [InlineData("timeout")]
    public async Task T93_T100_Stream_that_is_cut_is_charged_what_came(string how)
    {
        EndOfRequests ends = new();
        Channel<HttpContext> sent = Channel.CreateUnbounded<HttpContext>();
        await using GuardedApp app = await StartAsync(ends, async context =>
        {
            await SendAsync(context, Sent);
            sent.Writer.TryWrite(context);
            switch (how)
            {
                case "abort":
                    await AbortAsync(context);
                    break;
                case "exception":
                    throw new HttpIOException(HttpRequestError.ResponseEnded, "cut");
                case "timeout":
                    throw new TimeoutException("late");
                default:
                    await new TaskCompletionSource().Task.WaitAsync(Patience, context.RequestAborted);
                    break;
            }
        });
        for (int times = 1; times <= 3; times++)
        {
            using OpenConnection client = await AskAsync(app);
            await sent.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            if (how is "reset" or "leave")
            {
                await client.ReadUntilAsync("word19");
                client.Leave(how == "reset");
            }

            await ends.NextAsync();
            Books books = await Books.ReadAsync(app);

            // The bill is one token for each delta; the guard counts by bytes and adds sixteen.
            Assert.InRange(books.Money, times * (17 + (Sent * 2)) / 1_000_000m, times * (17 + (((Sent * 3) + 16) * 2)) / 1_000_000m);
            Assert.InRange(books.Tokens, times * (17 + Sent), times * (17 + (Sent * 3) + 16));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T94_Client_that_leaves_on_the_end_mark_is_charged_in_full(bool reset)
    {
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(ends, static async context =>
        {
            await SendAsync(context, 5);
            await context.Response.WriteAsync("data: {\"model\":\"cheap\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":50,\"total_tokens\":150}}\n\ndata: [DONE]\n\n");
            await new TaskCompletionSource().Task.WaitAsync(Patience, context.RequestAborted);
        });
        for (int times = 1; times <= 200; times++)
        {
            using OpenConnection client = await AskAsync(app);
            await client.ReadUntilAsync("[DONE]");
            Assert.Equal(new Books(0.0002m, 150, 1) * times, await Books.ReadAsync(app));
            client.Leave(reset);
            await ends.NextAsync();
            Assert.Equal(new Books(0.0002m, 150, 1) * times, await Books.ReadAsync(app));
        }
    }

    [Fact]
    public async Task T93_Stream_that_is_cut_is_never_charged_less_than_it_told()
    {
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(ends, static async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"model\":\"cheap\",\"choices\":[],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":500,\"total_tokens\":1500}}\n\n");
            await SendAsync(context, 1);
            await AbortAsync(context);
        });
        using OpenConnection client = await AskAsync(app);
        await ends.NextAsync();
        Assert.Equal(new Books((1000 + ((500 + 2 + 16) * 2)) / 1_000_000m, 1518, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task T93_Part_of_a_stream_is_never_less_than_a_token_however_short_it_is()
    {
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(ends, static async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"model\":\"cheap\",\"choices\":[],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":500,\"total_tokens\":1500}}\n\n");
            await context.Response.WriteAsync(string.Concat(Enumerable.Repeat("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", 30)));
            await context.Response.Body.FlushAsync();
            await AbortAsync(context);
        });
        using OpenConnection client = await AskAsync(app);
        await ends.NextAsync();
        Assert.Equal(new Books((1000 + ((500 + 30 + 16) * 2)) / 1_000_000m, 1546, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task T91_Stream_without_usage_is_charged_what_was_counted_where_that_is_more_than_the_estimate()
    {
        EndOfRequests ends = new();
        await using GuardedApp app = await StartAsync(ends, static async context =>
        {
            await SendAsync(context, 6000);
            await context.Response.WriteAsync("data: [DONE]\n\n");
        });
        using OpenConnection client = await AskAsync(app);
        await ends.NextAsync();
        Books books = await Books.ReadAsync(app);
        Assert.InRange(books.Money, (17 + (6000 * 2)) / 1_000_000m, (17 + (((6000 * 3) + 16) * 2)) / 1_000_000m);
    }

    /// <summary>Ends the connection as a proxy does whose upstream was cut; the server says so a little later.</summary>
    private static async Task AbortAsync(HttpContext context)
    {
        TaskCompletionSource gone = new();
        using (context.RequestAborted.Register(gone.SetResult))
        {
            context.Abort();
            await gone.Task.WaitAsync(Patience);
        }
    }

    private static async Task SendAsync(HttpContext context, int deltas)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "text/event-stream";
        }

        StringBuilder events = new();
        for (int i = 0; i < deltas; i++)
        {
            events.Append(CultureInfo.InvariantCulture, $"data: {{\"choices\":[{{\"delta\":{{\"content\":\"word{i}\"}}}}]}}\n\n");
        }

        await context.Response.WriteAsync(events.ToString());
        await context.Response.Body.FlushAsync();
    }

    private static Task<OpenConnection> AskAsync(GuardedApp app) => OpenConnection.SendAsync(
        app.Address, RawHttp.Request("POST", Path, "X-User-ID: alice\r\nContent-Type: application/json\r\n", Body));

    private static Task<GuardedApp> StartAsync(EndOfRequests ends, RequestDelegate run)
    {
        GuardedAppSetup setup = new() { UseKestrel = true };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Pipeline = app =>
        {
            app.Use(ends.SignalAsync);
            app.UseBudgetGuard();
            app.MapPost(Path, run);
        };
        return GuardedApp.StartAsync(Books.Section, setup);
    }
}
