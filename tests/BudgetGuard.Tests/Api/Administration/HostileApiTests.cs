using System.Text.Json;

namespace BudgetGuard.Tests.Administration;

/// <summary>What comes from callers and is shown to administrators, and administrators who do the same at once.</summary>
public sealed class HostileApiTests
{
    [Theory]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("</script><script>alert(1)</script>")]
    [InlineData("'\"><svg/onload=alert(1)>")]
    [InlineData("javascript:alert(1)")]
    [InlineData("{{7*7}}")]
    [InlineData("=HYPERLINK(\"http://evil\")")]
    public async Task T188_T197_what_callers_are_called_comes_as_text_of_JSON_that_no_browser_takes_for_a_page(string user)
    {
        await using ApiApp api = await ApiApp.StartAsync();
        string asked = JsonSerializer.Serialize(new { user, operation = user, model = user, estimated_cost = 0.1m });
        Assert.Equal("allow", (await api.PostAsync("/decisions", asked)).GetProperty("decision").GetString());
        Assert.Equal("reject", (await api.PostAsync("/decisions", asked.Replace("0.1", "5", StringComparison.Ordinal))).GetProperty("decision").GetString());
        foreach (string path in (string[])["/decisions", "/spend", "/accounts?budget=daily", "/alerts", "/explain?path=/work&user=" + Uri.EscapeDataString(user)])
        {
            (int status, string body, HttpResponseMessage answer) = await api.SendAsync("GET", path);
            Assert.Equal(200, status);
            Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.DoesNotContain('<', body);
            Assert.DoesNotContain('>', body);
        }

        Assert.Equal(user, (await api.GetAsync("/decisions"))[0].GetProperty("user").GetString());
    }

    [Fact]
    public async Task T199_administrators_who_top_up_at_once_lose_nothing_of_each_other()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.PostAsync("/accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":1}""")));
        Assert.Equal(9m, (await api.GetAsync("/accounts?budget=daily&user=alice"))[0].GetProperty("limit").GetDecimal());
    }
}
