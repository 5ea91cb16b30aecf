using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using BudgetGuard.Email.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Email.Tests;

/// <summary>docs/alerts/email.md tells what is sent and taken.</summary>
public sealed partial class EmailPageTests
{
    private static readonly string _page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "alerts", "email.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Sample_is_the_text_that_arrives()
    {
        Assert.Equal(MailBody.Text(SomeAlerts.Exceeded).TrimEnd('\n'), Block("text"));
        Assert.Contains($"`{MailComposer.Subject(SomeAlerts.Exceeded)}`", _page, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_with_a_password_from_elsewhere_are_taken()
    {
        const string Variable = "BudgetGuard__Alerts__Sinks__mail__Password";
        Assert.Contains($"`{Variable}`", _page, StringComparison.Ordinal);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(Block("json"))));
        builder.Configuration[Variable.Replace("__", ":", StringComparison.Ordinal)] = "password";
        BudgetGuardOptions? read = null;
        builder.Services.AddBudgetGuard(options => read = options).AddEmailAlerts();
        using ServiceProvider services = builder.Services.BuildServiceProvider();
        Assert.NotNull(services.GetRequiredService<IBudgetGuard>());
        AlertSinkOptions options = Assert.Single(read!.Alerts.Sinks).Value;
        Assert.Equal("password", options.Password);
        IAlertSinkFactory factory = services.GetServices<IAlertSinkFactory>().Single(factory => factory.Type == options.Type);
        Assert.Empty(factory.Check(options));
        options.Password = null;
        Assert.Equal("Password", Assert.Single(factory.Check(options)).Key);
    }

    [Fact]
    public void Event_keeps_its_number_and_name()
    {
        LoggerMessageAttribute message = Assert.Single(
            typeof(MailComposer).Assembly.GetTypes()
                .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>());
        Assert.Equal((480, "MailRecipientsRefused"), (message.EventId, message.EventName));
        Assert.Contains("(event 480)", _page, StringComparison.Ordinal);
    }

    /// <summary>The only block of a language.</summary>
    private static string Block(string language) =>
        Assert.Single(Fence().Matches(_page), match => match.Groups["language"].Value == language).Groups["code"].Value.TrimEnd('\n');

    [GeneratedRegex(@"^```(?<language>[a-z]+)\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
