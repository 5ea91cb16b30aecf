using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using BudgetGuard.Frameworks.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Frameworks.Tests;

/// <summary>The real nginx with the configuration of its page, before an app that knows nothing of budgets.</summary>
public sealed partial class NginxTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("nginx").FullName;
    private readonly HttpClient _client;
    private int _calls;
    private GatewayHost _gateway = null!;
    private WebApplication _app = null!;
    private Process _nginx = null!;

    public NginxTests() => _client = new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectAsync(cancellationToken), ownsSocket: true),
    })
    {
        BaseAddress = new Uri("http://127.0.0.1:8000"),
    };

    /// <summary>Where nginx listens: in a folder of its own, so that nothing else can have taken the place.</summary>
    private string Door => Path.Combine(_folder, "nginx.sock");

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.StartAsync();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapFallback(() => string.Create(CultureInfo.InvariantCulture, $"call {Interlocked.Increment(ref _calls)}"));
        await _app.StartAsync();
        string configuration = Block().Match(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/frameworks/proxies.md"))).Groups[1].Value
            .Replace("127.0.0.1:8080", new Uri(_app.Urls.First()).Authority, StringComparison.Ordinal)
            .Replace("127.0.0.1:5080", _gateway.Address.Authority, StringComparison.Ordinal)
            .Replace("127.0.0.1:8000", $"unix:{Door}", StringComparison.Ordinal)
            .Replace("the-admin-key", GatewayHost.Key, StringComparison.Ordinal)
            .Replace("300ms", "20s", StringComparison.Ordinal);
        string file = Path.Combine(_folder, "nginx.conf");
        await File.WriteAllTextAsync(file, configuration.Replace("http {", $"http {{ access_log off; client_body_temp_path {_folder}/body; proxy_temp_path {_folder}/proxy; fastcgi_temp_path {_folder}/fastcgi; scgi_temp_path {_folder}/scgi; uwsgi_temp_path {_folder}/uwsgi;", StringComparison.Ordinal));
        _nginx = Process.Start(new ProcessStartInfo("/usr/sbin/nginx", ["-p", _folder, "-c", file, "-e", Path.Combine(_folder, "error.log"), "-g", $"daemon off; pid {_folder}/nginx.pid;"]))!;
        await WhenListeningAsync();
    }

    public void Dispose() => _client.Dispose();

    public async Task DisposeAsync()
    {
        _nginx.Kill(entireProcessTree: true);
        await _nginx.WaitForExitAsync();
        _nginx.Dispose();
        await _app.DisposeAsync();
        await _gateway.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Requests_pass_as_long_as_there_is_money_and_are_402_with_the_guards_body_after_that()
    {
        for (int i = 1; i <= 10; i++)
        {
            using HttpResponseMessage passed = await GetAsync("/anything?with=a%20query", "alice");
            Assert.Equal($"call {i}", await passed.Content.ReadAsStringAsync());
        }

        Assert.Equal(new Balance(Budgets.Daily, 0), await _gateway.Ledger.ReadAsync("alice"));
        using HttpResponseMessage answer = await GetAsync("/anything", "alice");
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        using JsonDocument denial = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal("Budget limit exceeded", denial.RootElement.GetProperty("error").GetString());
        Assert.Equal("reject", denial.RootElement.GetProperty("decision").GetString());
        Assert.Equal("alice", denial.RootElement.GetProperty("user_id").GetString());
        Assert.Equal(10, _calls);
    }

    [Fact]
    public async Task Throttled_requests_are_429_and_say_when_to_come_back()
    {
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage passed = await GetAsync("/anything", "slow-ünï");
            Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        }

        using HttpResponseMessage answer = await GetAsync("/anything", "slow-ünï");
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        using JsonDocument denial = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(TimeSpan.FromSeconds(denial.RootElement.GetProperty("retry_after").GetInt32()), answer.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task What_the_filters_leave_out_passes_without_a_charge()
    {
        using HttpResponseMessage passed = await GetAsync("/health", "bob");
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        Assert.Equal(new Balance(0, 0), await _gateway.Ledger.ReadAsync("bob"));
    }

    [Fact]
    public async Task Client_cannot_name_another_as_who_pays()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/anything");
        request.Headers.Add("X-User-ID", "alice");
        request.Headers.Add("X-Authenticated-User", "mallory");
        using HttpResponseMessage passed = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        Assert.Equal(new Balance(0, 0), await _gateway.Ledger.ReadAsync("alice"));
        Assert.Equal(new Balance(Budgets.Estimate, 0), await _gateway.Ledger.ReadAsync("mallory"));
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string user)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("X-Authenticated-User", Uri.EscapeDataString(user));
        return await _client.SendAsync(request);
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Door), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task WhenListeningAsync()
    {
        using CancellationTokenSource enough = new(Patience);
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                using Socket probe = await ConnectAsync(enough.Token);
                return;
            }
            catch (SocketException) when (!_nginx.HasExited)
            {
                await again.WaitForNextTickAsync(enough.Token);
            }
        }
    }

    [GeneratedRegex("```nginx\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
