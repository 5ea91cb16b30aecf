using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BudgetGuard.Email.Tests;

/// <summary>What is wrong with a configuration is said before anything starts.</summary>
public sealed class EmailOptionsTests
{
    private static readonly EmailAlertSinkFactory _factory = new(TimeProvider.System, NullLoggerFactory.Instance);

    [Fact]
    public void Empty_options_lack_server_and_addresses() =>
        Assert.Equal(["Host", "From", "To"], _factory.Check(new AlertSinkOptions()).Select(static problem => problem.Key));

    [Theory]
    [InlineData("Host", "smtp://smtp.example.com", "Host", "no name of a host")]
    [InlineData("Host", "smtp.example.com:587", "Host", "no name of a host")]
    [InlineData("Host", "smtp\r\nexample", "Host", "'smtp example' is no name of a host")]
    [InlineData("Port", "0", "Port", "'0' is no port")]
    [InlineData("Port", "65536", "Port", "'65536' is no port")]
    [InlineData("Security", "StartTlsWhenAvailable", "Security", "expected StartTls, Tls or None")]
    [InlineData("Security", "Auto", "Security", "expected StartTls, Tls or None")]
    [InlineData("From", "budgets", "From", "'budgets' is no address")]
    [InlineData("From", "budgets@", "From", "is no address")]
    [InlineData("From", "@example.com", "From", "is no address")]
    [InlineData("From", "budgets@example.com\r\nBcc: evil@example.com", "From", "'budgets@example.com Bcc: evil@example.com' is no address")]
    [InlineData("From", "a@example.com\r\n <b@example.com>", "From", "is no address")]
    [InlineData("To", "a@example.com, b@example.com", "To:1", "is no address")]
    [InlineData("To", "team: a@example.com;", "To:1", "is no address")]
    [InlineData("To", "", "To:1", "is no address")]
    [InlineData("UserName", "user", "Password", "is missing; expected one with UserName")]
    [InlineData("Password", "secret", "UserName", "is missing; expected one with Password")]
    public void Wrong_value_is_told_with_its_key(string key, string value, string toldKey, string told)
    {
        AlertSinkOptions options = Valid();
        Set(options, key, value);
        (string atKey, string problem) = Assert.Single(_factory.Check(options));
        Assert.Equal(toldKey, atKey);
        Assert.Contains(told, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("StartTls")]
    [InlineData("starttls")]
    [InlineData("TLS")]
    [InlineData("None")]
    [InlineData("")]
    [InlineData(null)]
    public void Known_security_passes(string? security)
    {
        AlertSinkOptions options = Valid();
        options.Security = security;
        Assert.Empty(_factory.Check(options));
    }

    [Theory]
    [InlineData("None", false)]
    [InlineData("none ", false)]
    [InlineData("StartTls", true)]
    [InlineData("Tls", true)]
    [InlineData(null, true)]
    public void Password_goes_over_tls_only(string? security, bool passes)
    {
        AlertSinkOptions options = Valid();
        (options.UserName, options.Password, options.Security) = ("user", "password", security);
        Assert.Equal(passes, !_factory.Check(options).Any());
    }

    [Theory]
    [InlineData("budgets@example.com")]
    [InlineData("Budgets <budgets@example.com>")]
    [InlineData("\"Budgets, all\" <budgets@example.com>")]
    [InlineData("büdget@exämple.com")]
    public void Address_with_and_without_name_passes(string address)
    {
        AlertSinkOptions options = Valid();
        options.From = address;
        Assert.Empty(_factory.Check(options));
        Assert.Equal("mail", _factory.Create("mail", options).Name);
    }

    [Fact]
    public void More_recipients_than_servers_take_are_refused()
    {
        AlertSinkOptions options = Valid();
        options.To = [.. Enumerable.Range(0, 101).Select(static i => $"a{i}@example.com")];
        Assert.Equal("To", Assert.Single(_factory.Check(options)).Key);
    }

    [Fact]
    public void Adding_it_twice_adds_one_factory_and_every_key_is_an_option()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddBudgetGuard(static options => options.Budgets.Add("org", new BudgetOptions { Limit = 1, Period = BudgetPeriod.Day })).AddEmailAlerts().AddEmailAlerts();
        using ServiceProvider services = builder.Services.BuildServiceProvider();
        IAlertSinkFactory factory = Assert.Single(services.GetServices<IAlertSinkFactory>(), static factory => factory.Type == "Email");
        Assert.All(factory.Keys, static key => Assert.NotNull(typeof(AlertSinkOptions).GetProperty(key)));
        Assert.Empty(factory.Check(Valid()));
    }

    private static AlertSinkOptions Valid() => new() { Type = "Email", Host = "smtp.example.com", From = "budgets@example.com", To = ["ops@example.com"] };

    private static void Set(AlertSinkOptions options, string key, string value)
    {
        switch (key)
        {
            case "Port":
                options.Port = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
                break;
            case "To":
                options.To.Add(value);
                break;
            default:
                typeof(AlertSinkOptions).GetProperty(key)!.SetValue(options, value);
                break;
        }
    }
}
