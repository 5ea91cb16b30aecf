using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Alerts.Sinks;
using BudgetGuard.Configuration;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Secrets of sinks are sent to their receivers, and are in nothing else that a whole app tells: with sinks that work, fail and change.</summary>
[Collection(nameof(RunsAlone))]
public sealed class SecretTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-secrets").FullName;
    private readonly Dictionary<string, string> _secrets = [];

    [Fact]
    public async Task T178_No_secret_of_a_sink_is_in_anything_an_app_tells()
    {
        await using FaultyReceiver works = FaultyReceiver.Start(Fault.None);
        await using FaultyReceiver refuses = FaultyReceiver.Start(Fault.Refuses);
        await using FaultyReceiver fails = FaultyReceiver.Start(Fault.Answers500);
        await using FaultyReceiver redirects = FaultyReceiver.Start(Fault.Redirects);
        await using FaultyReceiver resets = FaultyReceiver.Start(Fault.Resets);
        using X509Certificate2 certificate = SelfSigned();
        await using FaultyReceiver untrusted = FaultyReceiver.Start(Fault.None, certificate: certificate);
        Dictionary<string, string?> keys = Keys(works, refuses, fails, redirects, resets, untrusted);
        string newPath = Secret("new path");
        string refusedPath = Secret("refused path");
        string bearer = Guid.NewGuid().ToString("N");
        using LeakWatch watch = new(_secrets.Values);
        await using AlertApp app = await StartAsync(watch, keys);
        using SinkBooks books = new(app.App);
        app.App.Client.DefaultRequestHeaders.Add("Authorization", "Bearer " + bearer);
        await UseAsync(app, watch, books, "before");
        app.Reconfigure("BudgetGuard:Alerts:Sinks:works:Url", $"http://127.0.0.1:{works.Port}/{newPath}");
        await UseAsync(app, watch, books, "after");
        app.Reconfigure("BudgetGuard:Alerts:Sinks:fails:Url", $"https://user:{refusedPath}@example.com/");
        await UseAsync(app, watch, books, "refused");
        await app.App.Services.GetRequiredService<IHost>().StopAsync();
        LookAtObjects(app, watch);

        Assert.Empty(watch.Hits);
        Assert.All(
            (string[])["log", "meter", "metric", "activity", "exception", "diagnostic", "event", "problem", "health", "status", "test", "object"],
            source => Assert.NotEqual(0, watch.Looks.GetValueOrDefault(source)));
        string[] sent = [.. works.Received, .. fails.Received, .. redirects.Received];
        Assert.All((string[])["path", "query", "routing key", "file path", "slack", "teams", "discord", "redirect", "new path"], name => Assert.Contains(sent, one => one.Contains(_secrets[name], StringComparison.Ordinal)));
        Assert.Contains(works.Received, static one => one.Contains("webhook-signature: v1,", StringComparison.Ordinal));
        Assert.DoesNotContain(sent, one => one.Contains(bearer, StringComparison.Ordinal) || one.Contains(_secrets["secret"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task T178_No_wrong_setting_of_a_sink_shows_its_secret_when_it_stops_the_start()
    {
        string secret = Secret("secret");
        string file = FileOf(secret);
        string badUrl = FileOf($"https://user:{secret}@example.com/");
        (string Type, string Key, string Value)[] wrong =
        [
            ("Webhook", "Url", $"https://user:{secret}@example.com/"),
            ("Webhook", "Url", $"https://{secret}@example.com/"),
            ("Webhook", "Url", $"http://example.com/{secret}"),
            ("Webhook", "Url", $"https://127.0.0.1/{secret}"),
            ("Webhook", "Url", $"https://example.com/#{secret}"),
            ("Webhook", "Url", $"https://example.com/\\{secret}"),
            ("Webhook", "Url", $"https://example.com/{secret} x"),
            ("Webhook", "Url", secret),
            ("Webhook", "Url", $"ftp://example.com/{secret}"),
            ("Webhook", "Url", $"https://example.com/{secret}{new string('x', 3_000)}"),
            ("Webhook", "Url:nested", $"https://example.com/{secret}"),
            ("Webhook", "Urls", $"https://example.com/{secret}"),
            ("Webhook", "UrlFile", badUrl),
            ("Webhook", "UrlFile", file),
            ("Slack", "UrlFile", badUrl),
            ("Teams", "Url", $"http://example.com/{secret}"),
            ("Discord", "Url", $"http://example.com/{secret}"),
            ("Webhook", "Secret", secret),
            ("Webhook", "Secret", "whsec_" + secret + "!"),
            ("Webhook", "SecretFile", file),
            ("Webhook", "RoutingKey", secret),
            ("Webhook", "Password", secret),
            ("PagerDuty", "RoutingKey", secret + "!"),
            ("PagerDuty", "RoutingKeyFile", FileOf(secret + "!")),
            ("PagerDuty", "Url", $"http://example.com/{secret}"),
            ("Email", "Password", secret),
            ("Email", "PasswordFile", file),
            ("Log", "Url", $"https://example.com/{secret}"),
        ];
        using LeakWatch watch = new(_secrets.Values);
        foreach ((string type, string key, string value) in wrong)
        {
            Dictionary<string, string?> keys = new() { ["Type"] = type, [key] = value };
            OptionsValidationException refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(
                () => StartAsync(watch, keys.ToDictionary(static pair => "BudgetGuard:Alerts:Sinks:ops:" + pair.Key, static pair => pair.Value)));
            watch.Look("refused", refused);
            watch.Look("refused", string.Join(' ', refused.Failures));
            Assert.Contains("Alerts:Sinks:ops:", refused.Message, StringComparison.Ordinal);
        }

        Assert.Empty(watch.Hits);
        Assert.Equal(2 * wrong.Length, watch.Looks["refused"]);
    }

    [Theory]
    [InlineData("canary")]
    [InlineData("GET /xCANARY?y")]
    [InlineData("c%61nary is Y2FuYXJ5LWNhbmFyeS1jYW5hcnk")]
    public void The_watch_finds_what_it_looks_for(string told)
    {
        using LeakWatch watch = new(["canary", "canary-canary-canary"]);
        watch.Look("here", told);
        Assert.Single(watch.Hits, hit => hit.StartsWith("here: ", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Task<AlertApp> StartAsync(LeakWatch watch, Dictionary<string, string?> keys) => AlertApp.StartAsync(
        sinks: static guard => guard.AddEmailAlerts(),
        configure: setup =>
        {
            foreach ((string key, string? value) in keys)
            {
                setup.Keys[key] = value;
            }

            setup.LogLevel = LogLevel.Trace;
            setup.UseKestrel = true;
            setup.Services = services =>
            {
                services.AddLogging(logging => logging.AddProvider(watch.NewLogger()));
                services.AddHealthChecks().AddBudgetGuard();
                services.AddSingleton<AlertNetwork>(new NoNames());
            };
        });

    /// <summary>Raises alerts, waits until each sink is done with them, tries each sink, and looks at all that is told meanwhile.</summary>
    private static async Task UseAsync(AlertApp app, LeakWatch watch, SinkBooks books, string when)
    {
        IBudgetAlerts alerts = app.App.Services.GetRequiredService<IBudgetAlerts>();
        for (int i = 0; i < 2; i++)
        {
            string user = string.Create(CultureInfo.InvariantCulture, $"{when}{i}");
            Assert.Equal(200, await app.AskAsync(1.00m, user));
            using HttpResponseMessage denied = await app.App.GetAsync(PricedWork.Path(0.10m), user);
            Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
            watch.Look("problem", denied + await denied.Content.ReadAsStringAsync());
        }

        await app.AdvanceUntilAsync(
            () => alerts.Sinks.All(sink => books.Sum("budgetguard.alerts.sent", sink.Name) + books.Sum("budgetguard.alerts.failed", sink.Name) >= books.Raised), TimeSpan.Zero);
        foreach (AlertSinkStatus sink in alerts.Sinks)
        {
            Assert.True(sink.Sent + sink.Failed > 0, sink.Name);
            AlertTestResult result = await alerts.SendTestAsync(sink.Name);
            watch.Look("test", result);
            watch.Look("test", result.Failure);
            watch.Look("status", sink);
            watch.Look("status", sink.LastFailure);
        }

        HealthReport health = await app.App.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        HealthReportEntry entry = health.Entries.Single().Value;
        watch.Look("health", $"{entry.Description} {entry.Exception} {string.Join(' ', entry.Tags)}");
        foreach ((string key, object value) in entry.Data)
        {
            watch.Look("health", key + (value is IEnumerable<object> many ? string.Join(' ', many) : value));
        }

        LookAtObjects(app, watch);
    }

    private static void LookAtObjects(AlertApp app, LeakWatch watch)
    {
        IServiceProvider services = app.App.Services;
        IReadOnlyCollection<object> objects = ObjectWalk.Reach(
        [
            services.GetRequiredService<IBudgetAlerts>(), services.GetRequiredService<IBudgetGuard>(), services.GetRequiredService<SettingsSource>(), services.GetRequiredService<AlertSinks>(),
            services.GetRequiredService<AlertHttp>(), services.GetServices<IAlertSinkFactory>(), services.GetServices<IAlertSink>(), services.GetServices<IHostedService>(),
        ]);
        Assert.Contains(objects, static one => one is WebhookAlertSink);
        Assert.Contains(objects, static one => one is AlertSinkOptions { RoutingKey: not null });
        foreach (object one in objects)
        {
            watch.Look("object", one);
        }
    }

    private Dictionary<string, string?> Keys(
        FaultyReceiver works, FaultyReceiver refuses, FaultyReceiver fails, FaultyReceiver redirects, FaultyReceiver resets, FaultyReceiver untrusted)
    {
        Dictionary<string, string?> keys = [];
        string whsec = "whsec_" + Convert.ToBase64String(Encoding.ASCII.GetBytes(Secret("secret")));
        Add("works", "Webhook", ("Url", $"{Host(works)}/{Secret("path")}?key={Secret("query")}"), ("Secret", whsec));
        Add("filed", "Webhook", ("UrlFile", FileOf($"{Host(works)}/{Secret("file path")}")), ("SecretFile", FileOf("whsec_" + Convert.ToBase64String(Encoding.ASCII.GetBytes(Secret("file secret"))))));
        Add("pager", "PagerDuty", ("Url", $"{Host(works)}/enqueue"), ("RoutingKey", Secret("routing key")));
        Add("pagerfails", "PagerDuty", ("Url", $"{Host(fails)}/enqueue"), ("RoutingKeyFile", FileOf(Secret("file key"))));
        Add("refuses", "Webhook", ("Url", $"{Host(refuses)}/{Secret("refuses")}?key={Secret("refuses query")}"), ("Secret", whsec));
        Add("fails", "Webhook", ("Url", $"{Host(fails)}/{Secret("fails")}?key={Secret("fails query")}"), ("Secret", whsec));
        Add("slack", "Slack", ("Url", $"{Host(fails)}/services/{Secret("slack")}"));
        Add("teams", "Teams", ("Url", $"{Host(fails)}/workflows/{Secret("teams")}?sig={Secret("teams query")}"));
        Add("discord", "Discord", ("Url", $"{Host(fails)}/api/webhooks/1/{Secret("discord")}"));
        Add("redirects", "Webhook", ("Url", $"{Host(redirects)}/{Secret("redirect")}"));
        Add("resets", "Webhook", ("Url", $"{Host(resets)}/{Secret("reset")}"));
        Add("untrusted", "Webhook", ("Url", $"https://127.0.0.1:{untrusted.Port}/{Secret("untrusted")}"));
        Add("nowhere", "Webhook", ("Url", $"https://nowhere.example/{Secret("nowhere")}"));
        keys.Remove("BudgetGuard:Alerts:Sinks:nowhere:AllowPrivateNetworks");
        Add("mail", "Email", ("Host", "127.0.0.1"), ("Port", refuses.Port.ToString(CultureInfo.InvariantCulture)), ("UserName", "guard"), ("Password", Secret("password")));
        keys.Remove("BudgetGuard:Alerts:Sinks:mail:AllowPrivateNetworks");
        keys["BudgetGuard:Alerts:Sinks:mail:From"] = "guard@example.com";
        keys["BudgetGuard:Alerts:Sinks:mail:To:0"] = "ops@example.com";
        return keys;

        void Add(string name, string type, params (string Key, string Value)[] more)
        {
            foreach ((string key, string value) in ((string, string)[])[("Type", type), ("AllowPrivateNetworks", "true"), ("Retries", "0"), ("Timeout", "00:01:00"), .. more])
            {
                keys[$"BudgetGuard:Alerts:Sinks:{name}:{key}"] = value;
            }
        }

        static string Host(FaultyReceiver receiver) => $"http://127.0.0.1:{receiver.Port}";
    }

    /// <summary>A secret of 32 letters and digits, which is what the strictest place takes.</summary>
    private string Secret(string name) => _secrets[name] = Guid.NewGuid().ToString("N");

    private string FileOf(string text)
    {
        string path = Path.Combine(_folder, Path.GetRandomFileName());
        File.WriteAllText(path, text);
        return path;
    }

    private static X509Certificate2 SelfSigned()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 made = request.CreateSelfSigned(GuardedApp.Start.AddYears(-5), GuardedApp.Start.AddYears(5));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    private sealed class NoNames : AlertNetwork
    {
        public override Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
            Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
    }
}
