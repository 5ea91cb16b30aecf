using System.Diagnostics;
using System.Text.Json;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Alerts.Sinks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Makes sinks as an application does, and sends with them.</summary>
internal static class SinkRig
{
    public const string RoutingKey = "0123456789abcdef0123456789abcdef";

    /// <summary>The types that post.</summary>
    public static IReadOnlyList<string> Posting { get; } = ["Webhook", "Slack", "Teams", "Discord", "PagerDuty"];

    public static TheoryData<string> Types => [.. Posting];

    public static IAlertSinkFactory Factory(string type, AlertNetwork? network = null, TimeProvider? time = null)
    {
        ServiceCollection services = new();
        services.AddLogging();
        services.TryAddSingleton(time ?? SampleAlerts.Time);
        if (network is not null)
        {
            services.AddSingleton(network);
        }

        return services.AddAlertSinkTypes().BuildServiceProvider().GetServices<IAlertSinkFactory>().Single(factory => factory.Type == type);
    }

    public static AlertSinkOptions Options(string url, bool allowPrivateNetworks = true) =>
        new() { Url = url, RoutingKey = RoutingKey, AllowPrivateNetworks = allowPrivateNetworks };

    /// <summary>A sink that posts to the receiver.</summary>
    public static IAlertSink Create(string type, AlertReceiver receiver, string path = "", TimeProvider? time = null) =>
        Factory(type, time: time).Create("ops", Options(receiver.Address + path));

    /// <summary>Sends, which has to end by itself and as expected.</summary>
    public static async Task<AlertDeliveryException> FailsAsync(IAlertSink sink, string type = AlertTypes.BudgetExceeded)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        return await Assert.ThrowsAsync<AlertDeliveryException>(async () => await sink.SendAsync(SampleAlerts.Of(type), patience.Token));
    }

    public static async Task SucceedsAsync(IAlertSink sink, BudgetAlert? alert = null)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        await sink.SendAsync(alert ?? SampleAlerts.Of(AlertTypes.BudgetExceeded), patience.Token);
    }

    /// <summary>Sends with the retries that are around each sink, moving the clock on while they wait; tells how it failed, or null.</summary>
    public static async Task<Exception?> SendWithRetriesAsync(IAlertSink sink, FakeTimeProvider time, int retries = 3)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        SinkPipeline pipeline = new(new AlertSinkOptions { Retries = retries, Timeout = TimeSpan.FromHours(12) }, time, static () => { }, static _ => { });
        Task sending = pipeline.SendAsync(sink, SampleAlerts.Of(AlertTypes.BudgetExceeded), patience.Token).AsTask();
        while (!sending.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(100));
            for (int i = 0; i < 1_000 && !sending.IsCompleted; i++)
            {
                await Task.Yield();
            }
        }

        return await Record.ExceptionAsync(() => sending);
    }

    /// <summary>Whether the library of Standard Webhooks for Node takes a message.</summary>
    public static async Task<bool> IsVerifiedByNodeAsync(string secret, IReadOnlyDictionary<string, string> headers, byte[] body)
    {
        string folder = Path.Combine(SharedData.RepositoryRoot, "tests", "BudgetGuard.Tests", "Node");
        using Process node = Process.Start(new ProcessStartInfo("node", [Path.Combine(folder, "verify.mjs")]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await node.StandardInput.WriteAsync(JsonSerializer.Serialize(new { secret, headers, body = Convert.ToBase64String(body) }));
        node.StandardInput.Close();
        using var answer = JsonDocument.Parse(await node.StandardOutput.ReadToEndAsync());
        await node.WaitForExitAsync();
        return answer.RootElement.GetProperty("verified").GetBoolean();
    }
}
