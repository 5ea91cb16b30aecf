using System.Diagnostics;
using System.Text.Json.Nodes;
using BudgetGuard.Email.Tests.Rig;

namespace BudgetGuard.Email.Tests;

/// <summary>What logs on to the mail server is told to nobody else.</summary>
[Collection(SharesMailServers.Name)]
public sealed class EmailSecretTests(MailServers servers)
{
    private const string User = "canary-user-7f3a";
    private const string Password = "canary-password-7f3a";

    [Theory]
    [InlineData("sent", true)]
    [InlineData("refused", true)]
    [InlineData("echo", true)]
    [InlineData("recipient", true)]
    [InlineData("message", true)]
    [InlineData("sent", false)]
    public async Task T178_Password_is_in_no_log_no_exception_and_no_activity(string what, bool trusts)
    {
        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (activities)
                {
                    activities.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        string echo = $"5.7.8 {User} {Password} {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"\0{User}\0{Password}"))}";
        JsonObject script = MailRig.Script();
        (script["user"], script["password"]) = (User, what == "refused" ? "another" : Password);
        (string? at, JsonObject? refusal) = what switch
        {
            "echo" => ("logOn", MailRig.Refusal(535, echo)),
            "recipient" => ("ops@example.com", MailRig.Refusal(550, echo)),
            "message" => ("message", MailRig.Refusal(554, echo)),
            _ => (null, null),
        };
        if (at is not null)
        {
            script[at] = refusal;
        }

        MailRig rig = new() { TrustsCertificate = trusts };
        AlertSinkOptions options = MailRig.Options(await servers.OpenAsync(script));
        (options.UserName, options.Password) = (User, Password);
        Exception? failure = await Record.ExceptionAsync(() => rig.Sink(options).SendAsync(SomeAlerts.Exceeded, CancellationToken.None).AsTask());

        Assert.Equal(trusts && what is "sent" or "recipient", failure is null);
        string told = string.Join('\n', rig.Logs.GetSnapshot().Select(static record => $"{record.Message} {record.Exception} {string.Join(' ', record.StructuredState ?? [])}"))
            + failure
            + string.Join('\n', activities.SelectMany(static activity => activity.TagObjects.Append(new("", activity.DisplayName)).Concat(activity.Events.SelectMany(static e => e.Tags))));
        Assert.DoesNotContain("canary", told, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"\0{User}\0{Password}")), told, StringComparison.Ordinal);
        Assert.Equal(what == "recipient" ? 1 : 0, rig.Logs.Count);
    }

    [Fact]
    public void T178_Password_is_in_no_problem_and_no_sink()
    {
        AlertSinkOptions options = new() { Host = "smtp.example.com", Security = "None", UserName = User, Password = Password };
        EmailAlertSinkFactory factory = new(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        string problems = string.Join('\n', factory.Check(options));
        Assert.Contains("plain text", problems, StringComparison.Ordinal);
        (options.Security, options.From, options.To) = (null, "a@example.com", ["b@example.com"]);
        Assert.DoesNotContain("canary", problems + factory.Create("mail", options), StringComparison.Ordinal);
    }
}
