using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Administration;

/// <summary>Who may use the API (T184 to T187, T194 to T196, T201).</summary>
public sealed class AccessTests
{
    private static readonly string[] _methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

    [Fact]
    public async Task T184_without_authorization_this_machine_is_answered()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        Assert.Equal("daily", (await api.GetAsync("/budgets"))[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("Forwarded", "for=10.0.0.1")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("x-forwarded-anything", "")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("X-Original-For", "10.0.0.1")]
    [InlineData("CF-Connecting-IP", "10.0.0.1")]
    [InlineData("True-Client-IP", "10.0.0.1")]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task T185_what_may_come_from_elsewhere_is_refused_on_every_route(string header, string value)
    {
        await using ApiApp api = await ApiApp.StartAsync();
        foreach (string path in api.Paths())
        {
            (int status, string body, _) = await api.SendAsync("GET", path, null, (header, value));
            Assert.Equal((403, "forbidden"), (status, CodeOf(body)));
        }
    }

    [Fact]
    public async Task T184_where_nobody_knows_where_a_request_comes_from_it_is_refused()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, static web => web.MapBudgetGuardApi());
        using HttpResponseMessage answer = await app.GetAsync("/budgetguard/api/budgets");
        Assert.Equal(403, (int)answer.StatusCode);
    }

    [Fact]
    public async Task T186_T201_with_a_key_every_route_and_method_wants_it()
    {
        await using ApiApp api = await ApiApp.StartAsync(group: static group => group.RequireAdminKey(ApiApp.AdminKey));
        string[] tricks = [.. api.Paths().SelectMany(static path => (string[])[path, path + "/", path.ToUpperInvariant(), path.Replace("/api/", "/api//", StringComparison.Ordinal), path + "%2f"])];
        foreach (string path in tricks)
        {
            foreach (string method in _methods)
            {
                (int status, string body, HttpResponseMessage answer) = await api.SendAsync(method, path, method is "POST" or "PUT" ? "{}" : null);

                // A path that is not under the prefix as routing sees it is nobody's.
                Assert.True(status == 401 || (status == 404 && body.Length == 0 && answer.Headers.CacheControl is null), $"{method} {path}: {status} {body}");
            }
        }

        Assert.All(api.Paths(), static path => Assert.StartsWith(ApiApp.Prefix, path, StringComparison.Ordinal));
        Assert.True(api.Paths().Count > 11);
    }

    [Fact]
    public async Task T186_the_key_opens_from_anywhere_and_nothing_else_does()
    {
        await using ApiApp api = await ApiApp.StartAsync(group: static group => group.RequireAdminKey(ApiApp.AdminKey));
        await api.GetAsync("/budgets", ("Authorization", "Bearer " + ApiApp.AdminKey), ("X-Forwarded-For", "10.0.0.1"));
        foreach (string wrong in (string[])["Bearer " + ApiApp.AdminKey + "x", "Bearer " + ApiApp.AdminKey[..^1], "Basic " + ApiApp.AdminKey, ApiApp.AdminKey, "Bearer", "Bearer "])
        {
            (int status, string body, HttpResponseMessage answer) = await api.SendAsync("GET", "/budgets", null, ("Authorization", wrong));
            Assert.Equal((401, "unauthorized"), (status, CodeOf(body)));
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Theory]
    [InlineData("0123456789abcdef0123456789abcde")]
    [InlineData("0123456789abcdef 0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdéf")]
    public async Task T194_a_key_that_can_be_guessed_or_cannot_be_sent_is_refused_at_start(string key)
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => ApiApp.StartAsync(group: group => group.RequireAdminKey(key)));
        Assert.DoesNotContain(key, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T194_a_thousand_wrong_keys_are_429_and_the_right_one_still_opens()
    {
        await using ApiApp api = await ApiApp.StartAsync(group: static group => group.RequireAdminKey(ApiApp.AdminKey));
        var seen = new Dictionary<int, int>();
        for (int i = 0; i < 1_000; i++)
        {
            (int status, _, HttpResponseMessage answer) = await api.SendAsync("GET", "/budgets", null, ("Authorization", $"Bearer wrong{i}"));
            seen[status] = seen.GetValueOrDefault(status) + 1;
            Assert.Equal(status == 429, answer.Headers.RetryAfter is not null);
        }

        Assert.Equal(new Dictionary<int, int> { [401] = 20, [429] = 980 }, seen);
        Assert.Equal(20, api.App.Logs.GetSnapshot().Count(static line => line.Id.Name == "AdminKeyRefused"));
        await api.GetAsync("/budgets", ("Authorization", "Bearer " + ApiApp.AdminKey));
        api.App.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(401, (await api.SendAsync("GET", "/budgets", null, ("Authorization", "Bearer wrong"))).Status);
    }

    [Fact]
    public async Task T186_authorization_on_the_group_decides_on_every_route_and_from_anywhere()
    {
        await using ApiApp api = await StartWithAuthorizationAsync();
        foreach (string path in api.Paths())
        {
            foreach (string method in _methods)
            {
                Assert.Equal(401, (await api.SendAsync(method, path)).Status);
            }

            Assert.Equal(403, (await api.SendAsync("GET", path, null, ("Authorization", "Test bob"))).Status);
        }

        await api.GetAsync("/budgets", ("Authorization", "Test admin"), ("X-Forwarded-For", "10.0.0.1"));
    }

    [Fact]
    public async Task T187_with_authorization_a_page_of_another_site_is_refused()
    {
        await using ApiApp api = await StartWithAuthorizationAsync();
        foreach ((string name, string value) in ((string, string)[])[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")])
        {
            (int status, _, _) = await api.SendAsync(
                "POST", "/accounts/topup", """{"budget":"daily","partition":{"user":"alice"},"amount":5}""", ("Authorization", "Test admin"), (name, value));
            Assert.Equal(403, status);
        }

        Assert.Equal(1m, (await api.App.BalanceAsync()).Limit);
    }

    [Fact]
    public async Task T187_neither_a_form_nor_a_GET_changes_anything()
    {
        await using ApiApp api = await ApiApp.StartAsync(group: static group => group.RequireAdminKey(ApiApp.AdminKey));
        foreach (string type in (string[])["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/json; charset=utf-16"])
        {
            using HttpRequestMessage form = ApiApp.Request("POST", "/accounts/topup", null, ("Authorization", "Bearer " + ApiApp.AdminKey));
            form.Content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"budget":"daily","partition":{"user":"alice"},"amount":5}"""));
            form.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            Assert.Equal(415, (await ApiApp.SendAsync(api.App.Client, form)).Status);
        }

        (int status, _, HttpResponseMessage answer) = await api.SendAsync("GET", "/accounts/topup", null, ("Authorization", "Bearer " + ApiApp.AdminKey));
        Assert.Equal((405, "POST"), (status, answer.Content.Headers.Allow.Single()));
        Assert.Equal(1m, (await api.App.BalanceAsync()).Limit);
    }

    [Fact]
    public async Task T195_T196_every_answer_forbids_caching_and_names_no_origin()
    {
        await using ApiApp api = await ApiApp.StartAsync(group: static group => group.RequireAdminKey(ApiApp.AdminKey));
        foreach (string path in api.Paths().Where(static path => !path.EndsWith("/events", StringComparison.Ordinal)))
        {
            foreach ((string, string)[] headers in ((string, string)[][])[[], [("Authorization", "Bearer " + ApiApp.AdminKey), ("Origin", "https://evil.example")]])
            {
                foreach (string method in _methods)
                {
                    (_, _, HttpResponseMessage answer) = await api.SendAsync(method, path, null, headers);
                    Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
                    Assert.DoesNotContain(answer.Headers, static header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
                }
            }
        }
    }

    [Fact]
    public async Task The_guard_does_not_guard_its_own_API()
    {
        await using ApiApp api = await ApiApp.StartAsync();
        await api.App.ExhaustAsync();
        await api.GetAsync("/budgets", ("X-User-ID", "alice"));
        Assert.Equal(1m, (await api.App.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task MapBudgetGuardApi_without_AddBudgetGuard_says_what_is_missing()
    {
        await using WebApplication app = WebApplication.CreateSlimBuilder().Build();
        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => app.MapBudgetGuardApi());
        Assert.Contains("AddBudgetGuard", refused.Message, StringComparison.Ordinal);
    }

    private static string? CodeOf(string body) => ApiApp.Parse(body).GetProperty("type").GetString()?["urn:budgetguard:".Length..];

    private static Task<ApiApp> StartWithAuthorizationAsync() => ApiApp.StartAsync(
        configure: static setup =>
        {
            setup.Services = static services =>
            {
                TestAuthentication.Add(services);
                services.AddAuthorization(static options => options.AddPolicy("admins", static policy => policy.RequireAssertion(static context =>
                    context.User.HasClaim(static claim => claim.Value == "admin")).RequireAuthenticatedUser()));
            };
            setup.Pipeline = static web =>
            {
                web.UseRouting();
                web.UseAuthentication();
                web.UseAuthorization();
                web.UseBudgetGuard();
                web.MapBudgetGuardApi().RequireAuthorization("admins");
            };
        });
}
