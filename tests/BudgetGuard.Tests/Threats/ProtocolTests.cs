using System.Net;
using System.Net.WebSockets;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>HTTP/2, web sockets, and messages that two servers may cut apart differently.</summary>
public sealed class ProtocolTests
{
    private const string OnlyChat = """{"IncludeOnlyPaths":["/v1/chat/completions"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    [Fact]
    public async Task T22_Http2_is_decided_like_http1()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(OnlyChat, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrelHttp2());
        await app.ExhaustAsync();
        string[] paths =
        [
            "/v1/chat/completions", "/V1/Chat/Completions", "/v1/chat/completions/", "/v1//chat/completions", "//v1/chat/completions", "/v1/chat%5Ccompletions",
            "/v1/chat%2Fcompletions", "/v1/%2563hat/completions", "/v1/chat/completions;a=b", "/v1/..;x/chat/completions", "/v1/chat/completions%20",
            "/v1/chat/completions%09", "/v1/chat/completions%3Fx", "/v1/chat/completions%23x", "/v1/chat/completions%00", "/v1/chat/completions%0a",
            "/health/../v1/chat/completions", "/health/%2e%2e/v1/chat/completions", "/v1/chat%C0%AFcompletions", "/v1/chat/completions%ff", "/v1\\chat\\completions",
        ];
        List<string> passed = [];
        foreach (string path in paths)
        {
            int status = await RawHttp2.StatusAsync(app.Address, "GET", path, ("x-user-id", "alice"));
            if (status is not (0 or (>= 400 and < 500)))
            {
                passed.Add($"{path} -> {status}");
            }
        }

        Assert.Empty(passed);
        Assert.Equal(0, costly.Hits);
        Assert.Equal(200, await RawHttp2.StatusAsync(app.Address, "GET", "/v1/models", ("x-user-id", "alice")));
        Assert.Equal(200, await RawHttp2.StatusAsync(app.Address, "GET", "/v1/chat/completions", ("x-user-id", "bob")));
    }

    [Fact]
    public async Task T23_Web_socket_of_an_exhausted_user_is_denied()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using GuardedApp app = await StartSocketAppAsync(ended);
        await app.ExhaustAsync();

        using ClientWebSocket socket = new();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("X-User-ID", "alice");
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(SocketAddress(app), CancellationToken.None));
        Assert.Equal(HttpStatusCode.PaymentRequired, socket.HttpStatusCode);
    }

    [Fact]
    public async Task T23_Web_socket_is_held_while_it_is_open_and_charged_once()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using GuardedApp app = await StartSocketAppAsync(ended);

        using ClientWebSocket socket = new();
        socket.Options.SetRequestHeader("X-User-ID", "alice");
        await socket.ConnectAsync(SocketAddress(app), CancellationToken.None);
        byte[] echo = new byte[16];
        for (int i = 0; i < 10; i++)
        {
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            WebSocketReceiveResult received = await socket.ReceiveAsync(echo, CancellationToken.None);
            Assert.Equal(5, received.Count);
        }

        BudgetBalance open = await app.BalanceAsync();
        Assert.Equal((0m, 0.25m), (open.Settled, open.Held));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await ended.Task;
        BudgetBalance closed = await app.BalanceAsync();
        Assert.Equal((0.25m, 0m), (closed.Settled, closed.Held));
    }

    [Fact]
    public async Task T23_Web_socket_that_the_client_drops_is_charged()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using GuardedApp app = await StartSocketAppAsync(ended);

        using (ClientWebSocket socket = new())
        {
            socket.Options.SetRequestHeader("X-User-ID", "alice");
            await socket.ConnectAsync(SocketAddress(app), CancellationToken.None);
            socket.Abort();
        }

        await ended.Task;
        BudgetBalance closed = await app.BalanceAsync();
        Assert.Equal((0.25m, 0m), (closed.Settled, closed.Held));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "chat_completion")]
    [InlineData("/openai/deployments/gpt-4o/chat/completions", "chat_completion")]
    [InlineData("/v1/completions", "text_completion")]
    [InlineData("/openai/deployments/gpt-4o/completions", "text_completion")]
    [InlineData("/v1/responses", "response")]
    [InlineData("/openai/responses", "response")]
    [InlineData("/v1/embeddings", "text_embedding")]
    [InlineData("/openai/deployments/ada/embeddings", "text_embedding")]
    [InlineData("/v1/messages", "chat_completion")]
    [InlineData("/v1beta/models/gemini-2.5-pro:generateContent", "chat_completion")]
    [InlineData("/v1beta/models/gemini-2.5-pro:streamGenerateContent", "chat_completion")]
    [InlineData("/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent", "chat_completion")]
    [InlineData("/model/anthropic.claude-3-haiku/converse", "chat_completion")]
    [InlineData("/model/anthropic.claude-3-haiku/converse-stream", "chat_completion")]
    [InlineData("/v1/chat/completions;x=1", "chat_completion")]
    [InlineData("/V1//Messages/", "chat_completion")]
    [InlineData("/v1/images/generations", "image_generation")]
    [InlineData("/v1/audio/speech", "speech")]
    [InlineData("/model/anthropic.claude-3-haiku/invoke", "chat_completion")]
    [InlineData("/v2/rerank", "rerank")]
    [InlineData("/v1/batches", "api_call")]
    [InlineData("/v1/realtime", "api_call")]
    [InlineData("/v1/a-route-of-tomorrow", "api_call")]
    public async Task T24_Every_route_of_a_model_api_is_guarded(string path, string operation)
    {
        const string body = """
            {"model":"cheap","max_tokens":10,"messages":[{"role":"user","content":[{"text":"hi","type":"text"}]}],"input":"hi","prompt":"hi","contents":[{"role":"user","parts":[{"text":"hi"}]}]}
            """;
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrel = true);
        await app.ExhaustAsync();

        string answer = await RawHttp.SendAsync(app.Address, RawHttp.Request("POST", path, body: body));
        Assert.Equal([402], RawHttp.Statuses(answer));
        Assert.Contains($"\"operation\":\"{operation}\"", answer, StringComparison.Ordinal);
        Assert.Equal(0, costly.Hits);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n4c\r\n0\r\n\r\n{0}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2;\rxx\r\n4c\r\n0\r\n\r\n{0}\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{0}")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{0}")]
    [InlineData("Transfer-Encoding: identity\r\n\r\n{0}")]
    [InlineData("Content-Length: 0\r\nContent-Length: 5\r\n\r\n{0}")]
    [InlineData("Content-Length: -1\r\n\r\n{0}")]
    [InlineData("X-A: b\r\n Content-Length: 0\r\n\r\n{0}")]
    [InlineData("Content-Length : 0\r\n\r\n{0}")]
    public async Task T25_Ambiguous_message_never_yields_a_second_request(string rest)
    {
        const string smuggled = "POST /smuggled HTTP/1.1\r\nHost: localhost\r\nX-User-ID: bob\r\nContent-Length: 0\r\n\r\n";
        foreach (bool exhausted in (bool[])[false, true])
        {
            HitCounter costly = new();
            await using GuardedApp app = await GuardedApp.StartAsync(
                GuardedApp.OneDollarADay, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrel = true);
            if (exhausted)
            {
                await app.ExhaustAsync();
            }

            string answer = await RawHttp.SendAsync(
                app.Address, "POST /api/run HTTP/1.1\r\nHost: localhost\r\nX-User-ID: alice\r\n" + rest.Replace("{0}", smuggled, StringComparison.Ordinal));
            Assert.InRange(RawHttp.Statuses(answer).Length, 0, 1);
            Assert.DoesNotContain("/smuggled", costly.Paths);
            Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
            Assert.True(!exhausted || costly.Hits == 0);
        }
    }

    [Fact]
    public async Task T25_Users_on_one_connection_pay_each_for_their_own()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrel = true);

        string answer = await RawHttp.SendAsync(
            app.Address,
            "POST /api/a HTTP/1.1\r\nHost: localhost\r\nX-User-ID: alice\r\nContent-Length: 2\r\n\r\n{}"
            + "POST /api/b HTTP/1.1\r\nHost: localhost\r\nX-User-ID: bob\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
            + RawHttp.Request("POST", "/api/c", "X-User-ID: bob\r\n"));
        Assert.Equal([200, 200, 200], RawHttp.Statuses(answer));
        Assert.Equal(["/api/a", "/api/b", "/api/c"], costly.Paths);
        Assert.Equal(0.01m, (await app.BalanceAsync("alice")).Settled);
        Assert.Equal(0.02m, (await app.BalanceAsync("bob")).Settled);
    }

    private static Uri SocketAddress(GuardedApp app) => new UriBuilder(app.Address) { Scheme = "ws", Path = "/socket" }.Uri;

    private static Task<GuardedApp> StartSocketAppAsync(TaskCompletionSource ended) =>
        GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            UseKestrel = true,
            Pipeline = app =>
            {
                app.Use(async (context, next) =>
                {
                    try
                    {
                        await next(context);
                    }
                    finally
                    {
                        ended.TrySetResult();
                    }
                });
                app.UseWebSockets();
                app.UseRouting();
                app.UseBudgetGuard();
                app.Map("/socket", EchoAsync).WithCost(0.25m);
            },
        });

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[16];
        while (true)
        {
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }
    }
}
