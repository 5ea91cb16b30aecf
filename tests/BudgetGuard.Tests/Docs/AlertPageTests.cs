using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using BudgetGuard.Alerts.Sinks;
using BudgetGuard.Tests.Alerts.Sinks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Docs;

/// <summary>
/// docs/alerts tells what sinks take and send. With BUDGETGUARD_WRITE_SAMPLES=1 the samples of the pages are written anew instead of compared.
/// </summary>
public sealed partial class AlertPageTests
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    private const string Exceeded = AlertTypes.BudgetExceeded;

    private static readonly string _folder = Path.Combine(SharedData.RepositoryRoot, "docs", "alerts");

    [Theory]
    [InlineData("log-and-console.md", "Log " + Exceeded, "Console " + Exceeded)]
    [InlineData("webhook.md", "Webhook " + Exceeded, "CloudEvents " + Exceeded)]
    [InlineData("slack.md", "Slack " + Exceeded)]
    [InlineData("teams.md", "Teams " + Exceeded)]
    [InlineData("discord.md", "Discord " + Exceeded)]
    [InlineData("pagerduty.md", "PagerDuty " + Exceeded, "PagerDuty " + AlertTypes.Recovered)]
    public Task Samples_are_what_the_sink_makes(string page, params string[] samples) => CheckSamplesAsync(page, samples);

    [Fact]
    public Task There_is_a_sample_of_each_type() => CheckSamplesAsync("samples.md", [.. SampleAlerts.All.Select(alert => $"Webhook {alert.Type}")]);

    [Theory]
    [InlineData("webhook.md")]
    [InlineData("slack.md")]
    [InlineData("teams.md")]
    [InlineData("discord.md")]
    [InlineData("pagerduty.md")]
    public void Settings_with_the_secret_from_a_variable_are_taken(string page)
    {
        Match variable = Assert.Single(Variable().Matches(Page(page)));
        (string name, string value) = (variable.Groups["name"].Value, variable.Groups["value"].Value.Trim('\''));
        AlertSinkOptions options = Read(page, (name, value));
        Assert.Equal(value, Property(options, name).GetValue(options));
        Assert.Empty(Check(options));
        Property(options, name).SetValue(options, page == "webhook.md" ? "whsec_short" : null);
        Assert.Equal(Property(options, name).Name, Assert.Single(Check(options)).Key);
    }

    [Theory]
    [InlineData("webhook.md", "Secret")]
    [InlineData("slack.md", "Url")]
    [InlineData("teams.md", "Url")]
    [InlineData("discord.md", "Url")]
    [InlineData("pagerduty.md", "RoutingKey")]
    public void File_for_the_secret_is_told(string page, string key)
    {
        Assert.Contains($"`\"{key}File\": \"/run/secrets/", Page(page), StringComparison.Ordinal);
        Assert.NotNull(typeof(AlertSinkOptions).GetProperty(key + "File"));
    }

    [Fact]
    public void Events_of_alerts_are_in_the_table() => Assert.Equal(
        [
            .. typeof(LogAlertSink).Assembly.GetTypes()
                .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>()
                .Where(message => message.EventId is >= 400 and < 480).OrderBy(message => message.EventId).Select(message => (message.EventId, message.EventName!)),
            (480, "MailRecipientsRefused"),
        ],
        Event().Matches(Page("log-and-console.md")).Select(row => (int.Parse(row.Groups["id"].ValueSpan, CultureInfo.InvariantCulture), row.Groups["name"].Value)));

    [Fact]
    public async Task Receiver_in_CSharp_takes_what_is_signed_and_nothing_else()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["AlertSecret"] = Secret;
        await using WebApplication app = builder.Build();
        await Snippet.RunAsync(Snippet.Find(Path.Combine("docs", "alerts", "webhook.md"), "FixedTimeEquals").Load(), app: app);
        await app.StartAsync();
        await CheckReceiverAsync(app.Urls.First() + "/alerts");
    }

    [Fact]
    public async Task Receiver_in_Node_takes_what_is_signed_and_nothing_else()
    {
        ProcessStartInfo start = new("node", ["--input-type=module", "-e", Assert.Single(Snippet.Blocks(Path.Combine("docs", "alerts", "webhook.md"), "js"))])
        {
            WorkingDirectory = Path.Combine(SharedData.RepositoryRoot, "tests", "BudgetGuard.Tests", "Node"),
            RedirectStandardOutput = true,
            Environment = { ["ALERT_SECRET"] = Secret, ["PORT"] = "0" },
        };
        using Process node = Process.Start(start)!;
        try
        {
            string? listening = await node.StandardOutput.ReadLineAsync();
            Assert.NotNull(listening);
            await CheckReceiverAsync($"http://127.0.0.1:{listening.Split(' ')[^1]}/");
            Assert.Equal($"Alert {SampleAlerts.Of(Exceeded).Id}: {SampleAlerts.Of(Exceeded).Message}", await node.StandardOutput.ReadLineAsync());
        }
        finally
        {
            node.Kill();
            await node.WaitForExitAsync();
        }
    }

    private static async Task CheckReceiverAsync(string url)
    {
        await SendAsync(url, Secret + " whsec_" + Convert.ToBase64String(new byte[32]), TimeProvider.System);
        await RefusedAsync(url, "whsec_" + Convert.ToBase64String(new byte[32]), TimeProvider.System);
        await RefusedAsync(url, null, TimeProvider.System);
        await RefusedAsync(url, Secret, SampleAlerts.Time);
    }

    private static async Task RefusedAsync(string url, string? secret, TimeProvider time)
    {
        AlertDeliveryException failure = await Assert.ThrowsAsync<AlertDeliveryException>(() => SendAsync(url, secret, time));
        Assert.Contains("401", failure.Message, StringComparison.Ordinal);
    }

    private static async Task SendAsync(string url, string? secret, TimeProvider time)
    {
        ServiceCollection services = new();
        services.AddLogging();
        services.AddSingleton(time);
        await using ServiceProvider provider = services.AddAlertSinkTypes().BuildServiceProvider();
        await provider.GetServices<IAlertSinkFactory>().Single(factory => factory.Type == "Webhook")
            .Create("ledger", new AlertSinkOptions { Url = url, AllowPrivateNetworks = true, Secret = secret }).SendAsync(SampleAlerts.Of(Exceeded), default);
    }

    private static async Task CheckSamplesAsync(string page, string[] samples)
    {
        string text = Page(page);
        Assert.Equal(samples, Sample().Matches(text).Select(match => match.Groups["sample"].Value));
        Dictionary<string, string> made = [];
        foreach (string sample in samples)
        {
            made.Add(sample, await MakeAsync(sample));
        }

        string expected = Sample().Replace(text, match => $"{match.Groups["head"].Value}{made[match.Groups["sample"].Value]}\n```");
        if (Environment.GetEnvironmentVariable("BUDGETGUARD_WRITE_SAMPLES") == "1")
        {
            await File.WriteAllTextAsync(Path.Combine(_folder, page), expected);
        }
        else
        {
            Assert.Equal(expected, text);
        }
    }

    private static async Task<string> MakeAsync(string sample)
    {
        BudgetAlert alert = SampleAlerts.Of(sample[(sample.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        return sample.Split(' ')[0] switch
        {
            "Log" => await LogAsync(alert),
            "Console" => await WriteAsync(alert),
            "Webhook" => ReadableJson.Of(WebhookAlertSink.Body(alert, cloudEvents: false)),
            "CloudEvents" => ReadableJson.Of(WebhookAlertSink.Body(alert, cloudEvents: true)),
            "Slack" => ReadableJson.Of(SlackAlertSink.Body(alert)),
            "Teams" => ReadableJson.Of(TeamsAlertSink.Body(alert)),
            "Discord" => ReadableJson.Of(DiscordAlertSink.Body(alert)),
            "PagerDuty" => ReadableJson.Of(PagerDutyAlertSink.Body(alert, "0123456789abcdef0123456789abcdef")),
            _ => throw new ArgumentException($"There is no sink of '{sample}'.", nameof(sample)),
        };
    }

    private static async Task<string> LogAsync(BudgetAlert alert)
    {
        using FakeLoggerProvider provider = new();
        using LoggerFactory loggers = new([provider]);
        await new LogAlertSink(loggers).SendAsync(alert, default);
        return provider.Collector.LatestRecord.Message;
    }

    private static async Task<string> WriteAsync(BudgetAlert alert)
    {
        using StringWriter output = new();
        await new ConsoleAlertSink("stdout", output).SendAsync(alert, default);
        return output.ToString().ReplaceLineEndings("\n").TrimEnd('\n');
    }

    private static AlertSinkOptions Read(string page, (string Name, string Value) variable)
    {
        string settings = Assert.Single(Snippet.Blocks(Path.Combine("docs", "alerts", page), "json"), block => block.Contains("\"Sinks\"", StringComparison.Ordinal));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(settings)));
        builder.Configuration[variable.Name.Replace("__", ":", StringComparison.Ordinal)] = variable.Value;
        BudgetGuardOptions? read = null;
        builder.Services.AddBudgetGuard(options => read = options);
        using ServiceProvider services = builder.Services.BuildServiceProvider();
        Assert.NotNull(services.GetRequiredService<IBudgetGuard>());
        return Assert.Single(read!.Alerts.Sinks).Value;
    }

    private static List<(string Key, string Problem)> Check(AlertSinkOptions options)
    {
        using ServiceProvider services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddAlertSinkTypes().BuildServiceProvider();
        return [.. services.GetServices<IAlertSinkFactory>().Single(factory => factory.Type == options.Type).Check(options)];
    }

    private static PropertyInfo Property(AlertSinkOptions options, string variable) => options.GetType().GetProperty(variable.Split("__")[^1])!;

    private static string Page(string name) => File.ReadAllText(Path.Combine(_folder, name)).ReplaceLineEndings("\n");

    [GeneratedRegex(@"(?<head>^<!-- sample: (?<sample>\w+ \w+) -->\n```[a-z]+\n).*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Sample();

    [GeneratedRegex(@"^\| (?<id>4\d\d) \| `(?<name>\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Event();

    [GeneratedRegex(@"^export (?<name>BudgetGuard__Alerts__Sinks__\w+)=(?<value>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Variable();
}
