using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Threats;

/// <summary>The program itself: what it refuses to start with, and how it runs with nothing configured.</summary>
public sealed partial class StartTests
{
    /// <summary>Only a program that hangs meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string Dll = typeof(GatewayApp).Assembly.Location;

    [Theory]
    [InlineData("http://0.0.0.0:0", false)]
    [InlineData("http://*:0", false)]
    [InlineData("http://+:5080", false)]
    [InlineData("http://[::]:0", false)]
    [InlineData("http://example.com:80", false)]
    [InlineData("http://127.0.0.1:0;http://0.0.0.0:0", false)]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("http://localhost:5080", true)]
    [InlineData("http://[::1]:0", true)]
    public async Task Open_proxy_is_refused_at_start(string urls, bool starts)
    {
        Dictionary<string, string?> settings = new() { ["urls"] = urls, ["Gateway:Upstreams:openai:ApiKey"] = "sk-provider-canary" };
        string? refusal = await RefusalAsync(settings);
        if (starts)
        {
            Assert.Null(refusal);
            return;
        }

        Assert.Contains("open proxy", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refusal, StringComparison.Ordinal);
        settings["Gateway:Keys:0:Key"] = "sk-caller";
        settings["Gateway:Keys:0:User"] = "alice";
        Assert.Null(await RefusalAsync(settings));
    }

    [Theory]
    [InlineData("Gateway:Store", "Postgres", "Gateway:Store")]
    [InlineData("Gateway:ConnectionString", "Data Source=budgetguard.db", "Gateway:ConnectionString")]
    [InlineData("BudgetGuard:Sqlite:Path", "budgetguard.db", "BudgetGuard:Sqlite")]
    [InlineData("Gateway:Stoer", "Memory", "Gateway:Stoer")]
    [InlineData("Gateway:Upstreams:openai:Adress", "http://127.0.0.1:1", "Gateway:Upstreams:openai:Adress")]
    [InlineData("Gateway:Upstreams:mistral:Address", "http://127.0.0.1:1", "Gateway:Upstreams:mistral")]
    [InlineData("Gateway:Upstreams:openai:Address", "127.0.0.1:1", "Gateway:Upstreams:openai:Address")]
    [InlineData("Gateway:Keys:0:Key", "sk-canary", "Gateway:Keys:0:User")]
    [InlineData("BudgetGuard:Budgets:x:Limit", "-1", "BudgetGuard:Budgets:x:Limit")]
    [InlineData("BudgetGuard:Budgets:x:Limmit", "1", "BudgetGuard:Budgets:x:Limmit")]
    public async Task Setting_that_cannot_be_kept_is_refused_at_start_and_named(string key, string value, string named)
    {
        string? refusal = await RefusalAsync(new Dictionary<string, string?> { [key] = value });
        Assert.NotNull(refusal);
        Assert.Contains(named, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-canary", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_that_cannot_start_says_why_and_ends_with_a_code()
    {
        using Process process = Start(("Gateway__Store", "Postgres"));
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("Gateway:Store", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_without_configuration_allows_throttles_and_rejects_and_stops_when_told()
    {
        using Process process = Start();
        try
        {
            using HttpClient client = new() { BaseAddress = await ListeningAsync(process) };
            using HttpResponseMessage health = await client.GetAsync(new Uri("/health", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
            HashSet<int> statuses = [];
            for (int i = 0; i < 60 && statuses.Count < 2; i++)
            {
                statuses.Add(await AskAsync(client, "alice", 10));
            }

            Assert.Equal([200, 429], statuses.Order());
            Assert.Equal(402, await AskAsync(client, "bob", 1_000_000));
            using HttpResponseMessage metrics = await client.GetAsync(new Uri("/metrics", UriKind.Relative));
            Assert.Contains("budgetguard_decisions", await metrics.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            await StopAsync(process);
            await process.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            End(process);
        }
    }

    [Fact]
    public async Task T114_Program_that_is_told_to_stop_passes_a_stream_on_to_its_end_first()
    {
        await using FakeProvider provider = await FakeProvider.StartAsync();
        TaskCompletionSource goes = new(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Default = new Script { BeforeEvent = Script.Gate(5, goes.Task) };
        using Process process = Start(("Gateway__Upstreams__openai__Address", provider.Address.ToString()), ("BudgetGuard__PriceFile", Tariff.PriceFile));
        try
        {
            using StreamClient client = new(await ListeningAsync(process));
            using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat, isStream: true));
            Task<StreamReading> reading = client.ReadAsync(request, "\n\n"u8.ToArray());
            ProviderCall call = await provider.ArrivedAsync();
            await StopAsync(process);
            goes.SetResult();
            Assert.Null((await reading).Failure);
            Assert.Equal(call.Answer(withoutUsageChunk: true), (await reading).Bytes);
            await process.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            End(process);
        }
    }

    private static async Task StopAsync(Process process)
    {
        using Process stop = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await stop.WaitForExitAsync().WaitAsync(Patience);
    }

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }

    private static async Task<int> AskAsync(HttpClient client, string user, int maxTokens)
    {
        using HttpRequestMessage request = GatewayUnderTest.Post(
            Calls.Chat, $$"""{"model":"gpt-4o-mini","max_tokens":{{maxTokens}},"messages":[{"role":"user","content":"hello"}]}""", user);
        using HttpResponseMessage answer = await client.SendAsync(request);
        return (int)answer.StatusCode;
    }

    /// <summary>Why a gateway does not start; null if it can be built.</summary>
    private static async Task<string?> RefusalAsync(Dictionary<string, string?> settings)
    {
        try
        {
            string[] arguments = GatewayUnderTest.Arguments(new Uri("http://127.0.0.1:1"), settings: settings);
            await using Microsoft.AspNetCore.Builder.WebApplication app = GatewayApp.Build(arguments);
            return null;
        }
        catch (Exception refused)
        {
            return refused.Message;
        }
    }

    private static Process Start(params (string Name, string Value)[] variables)
    {
        ProcessStartInfo start = new("dotnet", [Dll])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Directory.CreateTempSubdirectory("budgetguard").FullName,
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Where a program listens, from what it says itself.</summary>
    private static async Task<Uri> ListeningAsync(Process process)
    {
        using CancellationTokenSource patience = new(Patience);
        StringBuilder seen = new();
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            seen.AppendLine(line);
            if (Listening().Match(line) is { Success: true } found)
            {
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new Uri(found.Groups[1].Value);
            }
        }

        throw new InvalidOperationException($"The program ended: {seen}{await process.StandardError.ReadToEndAsync(patience.Token)}");
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex Listening();
}
