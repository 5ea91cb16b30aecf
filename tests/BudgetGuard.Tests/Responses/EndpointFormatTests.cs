using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Responses;

/// <summary>An endpoint says in which shape the guard answers there, whatever the setting says.</summary>
public sealed class EndpointFormatTests
{
    [Fact]
    public async Task Endpoint_that_names_a_format_is_denied_in_it_and_others_as_the_setting_says()
    {
        await using GuardedApp app = await StartAsync();
        await app.SpendAsync(1.00m);

        Told gemini = await Told.ReadAsync(app.GetAsync("/gemini"));
        Told plain = await Told.ReadAsync(app.GetAsync("/plain"));

        Assert.Equal((402, 402), (gemini.Status, plain.Status));
        Assert.Equal((402, "RESOURCE_EXHAUSTED"), ((int)gemini.Json["error"]!["code"]!, (string?)gemini.Json["error"]!["status"]));
        Assert.Equal("daily", (string?)gemini.Json["budget"]);
        Assert.Equal("billing_error", (string?)plain.Json["error"]!["type"]);
    }

    [Fact]
    public async Task Endpoint_that_names_a_format_tells_faults_of_the_client_in_it()
    {
        await using GuardedApp app = await StartAsync();

        Told gemini = await Told.ReadAsync(app.GetAsync("/gemini", new string('u', 300)));

        Assert.Equal((400, "INVALID_ARGUMENT"), ((int)gemini.Json["error"]!["code"]!, (string?)gemini.Json["error"]!["status"]));
    }

    [Fact]
    public void Format_that_does_not_exist_is_refused_at_once() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WebApplication.Create().MapGet("/", static () => 1).WithResponseFormat((ResponseFormat)99));

    private static Task<GuardedApp> StartAsync() => GuardedApp.StartAsync(
        GuardedApp.OneDollarADay,
        static app =>
        {
            app.MapGet("/gemini", static () => "fine").WithResponseFormat(ResponseFormat.Gemini);
            app.MapGet("/plain", static () => "fine");
        },
        static setup => setup.Configure = static options => options.ResponseFormat = ResponseFormat.Anthropic);
}
