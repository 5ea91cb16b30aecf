using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace BudgetGuard.Tests.Rig;

/// <summary>A guarded app before a provider that keeps its own bill. Requests that reach the provider are counted before anything reads their body.</summary>
internal sealed class ChatApp : IAsyncDisposable
{
    public const string Chat = "/v1/chat/completions";

    private static readonly Lazy<string> PriceFile = new(FakeModel.WritePriceFile);
    private int _arrivals;

    private ChatApp()
    {
    }

    public GuardedApp App { get; private set; } = null!;

    public FakeModel Model { get; } = new();

    /// <summary>How many requests the guard let through.</summary>
    public int Arrivals => Volatile.Read(ref _arrivals);

    public static async Task<ChatApp> StartAsync(
        string section = GuardedApp.OneDollarADay, bool useKestrel = false, Action<GuardedAppSetup>? configure = null, Action<WebApplication>? map = null)
    {
        var chat = new ChatApp();
        chat.App = await GuardedApp.StartAsync(
            section,
            app =>
            {
                map?.Invoke(app);
                app.MapPost("/v1/{**rest}", context =>
                {
                    Interlocked.Increment(ref chat._arrivals);
                    return chat.Model.AnswerAsync(context);
                });
            },
            setup =>
            {
                setup.UseKestrel = useKestrel;
                setup.Keys["BudgetGuard:PriceFile"] = PriceFile.Value;
                configure?.Invoke(setup);
            });
        return chat;
    }

    public static string Body(string model = "cheap", long maxTokens = 100) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"model":"{{model}}","max_tokens":{{maxTokens}},"messages":[{"role":"user","content":"hello"}]}""");

    /// <summary>Asks the provider and gives the status.</summary>
    public async Task<int> AskAsync(string? body = null, string user = "alice", string path = Chat)
    {
        using HttpResponseMessage answer = await App.PostAsync(path, body ?? Body(), user);
        return (int)answer.StatusCode;
    }

    /// <summary>Asks with any bytes as the body.</summary>
    public async Task<HttpResponseMessage> SendAsync(byte[] body, string? contentType = "application/json", string? encoding = null, bool chunked = false)
    {
        using var content = new ByteArrayContent(body);
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (encoding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = content };
        request.Headers.Add("X-User-ID", "alice");
        request.Headers.TransferEncodingChunked = chunked ? true : null;
        return await App.Client.SendAsync(request);
    }

    public async Task<HttpResponseMessage> SendAsync(string body) => await SendAsync(Encoding.UTF8.GetBytes(body));

    /// <summary>Changes the configuration of the running app.</summary>
    public void Reconfigure(string key, string value) =>
        ((IConfigurationBuilder)App.Configuration).AddInMemoryCollection([new(key, value)]);

    /// <summary>What holds after every test: the ledger is not below the provider's bill, and nothing stays held.</summary>
    public async Task AssertBooksAsync(string user = "alice", string budget = "daily", decimal before = 0)
    {
        BudgetBalance balance = await App.BalanceAsync(user, budget);
        Assert.True(balance.Settled - before >= Model.Bill, $"settled {balance.Settled - before}, bill {Model.Bill}");
        Assert.Equal(0m, balance.Held);
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();
}
