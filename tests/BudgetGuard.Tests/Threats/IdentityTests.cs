using System.Net;
using System.Security.Claims;
using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>Who pays: the party that authenticated, never the party that a request names.</summary>
public sealed class IdentityTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T26_Authenticated_user_pays_whomever_the_header_names(bool? trust)
    {
        await using GuardedApp app = await StartAsync(trust, authenticates: true);

        await PostAsync(app, ("Authorization", "Test alice"), ("X-User-ID", "bob"));
        Assert.Equal(0.01m, (await app.BalanceAsync("alice")).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
    }

    [Theory]
    [InlineData(null, true, BudgetSubject.AnonymousUser)]
    [InlineData(true, true, "bob")]
    [InlineData(false, true, BudgetSubject.AnonymousUser)]
    [InlineData(null, false, "bob")]
    [InlineData(true, false, "bob")]
    [InlineData(false, false, BudgetSubject.AnonymousUser)]
    public async Task T26_Header_is_believed_only_where_nobody_can_authenticate_or_the_app_says_so(bool? trust, bool authenticates, string payer)
    {
        await using GuardedApp app = await StartAsync(trust, authenticates);

        await PostAsync(app, ("X-User-ID", "bob"));
        foreach (string user in (string[])["bob", BudgetSubject.AnonymousUser])
        {
            Assert.Equal(user == payer ? 0.01m : 0m, (await app.BalanceAsync(user)).Settled);
        }
    }

    [Fact]
    public async Task T26_Header_is_not_believed_where_the_app_tells_who_pays()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            app => app.MapPost("/api/run", () => "done"),
            setup => setup.Guard = guard => guard.UseUserExtractor(context => context.Request.Headers["X-Key"].Count == 0 ? null : "alice"));

        await PostAsync(app, ("X-Key", "k"), ("X-User-ID", "bob"));
        await PostAsync(app, ("X-User-ID", "bob"));
        Assert.Equal(0.01m, (await app.BalanceAsync("alice")).Settled);
        Assert.Equal(0.01m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
    }

    [Theory]
    [InlineData(null, false, true)]
    [InlineData(true, true, true)]
    [InlineData(false, false, false)]
    [InlineData(null, true, false)]
    public async Task T26_Start_warns_where_callers_name_themselves(bool? trust, bool authenticates, bool warns)
    {
        await using GuardedApp app = await StartAsync(trust, authenticates);
        Assert.Equal(warns, app.Logs.GetSnapshot().Any(record => record.Message.Contains("callers name themselves in X-User-ID", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task T27_Fresh_identity_for_each_request_stays_inside_the_shared_budget()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"org":{"Limit":1.00,"Period":"Day"}}}""",
            app => app.MapPost("/api/run", costly.RunAsync));
        for (int i = 0; i < 1000; i++)
        {
            using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run", $"user-{i}");
            Assert.Equal(i < 100 ? HttpStatusCode.OK : HttpStatusCode.PaymentRequired, answer.StatusCode);
        }

        Assert.Equal(100, costly.Hits);
        Assert.Equal(1.00m, (await app.BalanceAsync("someone-else", "org")).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("user-500")).Settled);
    }

    [Fact]
    public async Task T27_Unknown_user_has_the_default_limit_from_the_first_request()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.MapPost("/api/run", () => "done").WithCost(1.01m));
        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run", "never-seen");
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("X-User-ID:\r\n")]
    [InlineData("X-User-ID:    \r\n")]
    [InlineData("X-User-ID: \t \r\n")]
    [InlineData("X-User-ID: \u00c2\u00a0\r\n")]
    [InlineData("X-User-ID: anonymous\r\n")]
    public async Task T28_Callers_without_an_identity_share_one_limited_account(string header)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartOnKestrelAsync(costly);
        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run", header)));
        Assert.Equal(0.01m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);

        await app.SpendAsync(0.99m, BudgetSubject.AnonymousUser);
        string denied = await RawHttp.SendAsync(app.Address, RawHttp.Request("POST", "/api/run", header));
        Assert.Equal([402], RawHttp.Statuses(denied));
        Assert.Contains("\"user_id\":\"anonymous\"", denied, StringComparison.Ordinal);
        Assert.Equal(1, costly.Hits);
    }

    [Theory]
    [InlineData("X-User-ID: alice\r\nX-User-ID: bob\r\n")]
    [InlineData("X-User-ID: alice\r\nx-user-id: bob\r\n")]
    [InlineData("X-USER-ID: alice\r\nx-user-id: alice\r\n")]
    [InlineData("X-User-ID:\r\nX-User-ID: bob\r\n")]
    public async Task T29_Identity_header_given_twice_is_refused(string headers)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartOnKestrelAsync(costly);

        Assert.Equal(400, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run", headers)));
        Assert.Equal(0, costly.Hits);
        foreach (string user in (string[])["alice", "bob", "alice,bob", "alice, bob", BudgetSubject.AnonymousUser])
        {
            Assert.Equal(0m, (await app.BalanceAsync(user)).Settled);
        }
    }

    [Fact]
    public async Task T29_Identity_header_given_twice_is_refused_over_http2()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrelHttp2());

        Assert.Equal(400, await RawHttp2.StatusAsync(app.Address, "GET", "/api/run", ("x-user-id", "alice"), ("x-user-id", "bob")));
        Assert.Equal(0, costly.Hits);
        Assert.Equal(200, await RawHttp2.StatusAsync(app.Address, "GET", "/api/run", ("x-user-id", "alice")));
        Assert.Equal(0.01m, (await app.BalanceAsync("alice")).Settled);
    }

    [Fact]
    public async Task T30_User_whose_name_has_a_comma_is_not_two_users_and_two_are_not_him()
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartOnKestrelAsync(costly);

        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run", "X-User-ID: alice,bob\r\n")));
        Assert.Equal(400, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run", "X-User-ID: alice\r\nX-User-ID: bob\r\n")));
        Assert.Equal(0.01m, (await app.BalanceAsync("alice,bob")).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("alice")).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
    }

    [Fact]
    public async Task T31_Forwarded_for_never_names_a_payer()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, app => app.MapPost("/api/run", () => "done"));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await PostAsync(app, ("X-Forwarded-For", $"203.0.113.{i}"), ("Forwarded", $"for=198.51.100.{i}"), ("X-Real-IP", $"192.0.2.{i}")));
        }

        Assert.Equal(HttpStatusCode.PaymentRequired, await PostAsync(app, ("X-Forwarded-For", "203.0.113.200")));
        Assert.Equal(1.00m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);
    }

    [Fact]
    public async Task T32_Token_is_never_read_by_the_guard_itself()
    {
        await using GuardedApp app = await StartAsync(trust: null, authenticates: true);

        // {"alg":"none"}.{"sub":"bob"}. — and a basic credential of bob.
        await PostAsync(app, ("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ."));
        await PostAsync(app, ("Authorization", "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("bob:secret"))));
        Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
        Assert.Equal(0.02m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);
    }

    [Fact]
    public async Task T33_Claims_of_a_principal_that_is_not_authenticated_are_ignored()
    {
        await using GuardedApp app = await StartWithPrincipalAsync(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "admin"), new Claim("sub", "admin")]));

        await PostAsync(app);
        Assert.Equal(0m, (await app.BalanceAsync("admin")).Settled);
        Assert.Equal(0.01m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);
    }

    [Theory]
    [InlineData(ClaimTypes.NameIdentifier, "alice")]
    [InlineData("sub", "alice")]
    [InlineData(ClaimTypes.Name, "alice")]
    [InlineData("email", BudgetSubject.AnonymousUser)]
    public async Task T33_Claims_of_an_authenticated_principal_name_the_payer(string claim, string payer)
    {
        await using GuardedApp app = await StartWithPrincipalAsync(new ClaimsIdentity([new Claim(claim, "alice")], "Test"));

        await PostAsync(app, ("X-User-ID", "bob"));
        Assert.Equal(0.01m, (await app.BalanceAsync(payer)).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("bob")).Settled);
    }

    [Fact]
    public async Task T34_Guard_before_authentication_is_an_error_that_names_the_cure()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Services = TestAuthentication.Add,
            Pipeline = app =>
            {
                app.UseRouting();
                app.UseBudgetGuard();
                app.UseAuthentication();
                app.MapPost("/api/run", costly.RunAsync);
            },
        });

        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => PostAsync(app, ("Authorization", "Test alice")));
        Assert.Contains("app.UseAuthentication() before app.UseBudgetGuard()", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, costly.Hits);
        Assert.Equal(0m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);
    }

    private static Task<GuardedApp> StartAsync(bool? trust, bool authenticates) => GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
    {
        Configure = options => options.TrustUserHeader = trust,
        Services = authenticates ? TestAuthentication.Add : static _ => { },
        Pipeline = app =>
        {
            app.UseRouting();
            if (authenticates)
            {
                app.UseAuthentication();
            }

            app.UseBudgetGuard();
            app.MapPost("/api/run", () => "done");
        },
    });

    private static Task<GuardedApp> StartWithPrincipalAsync(ClaimsIdentity identity) => GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
    {
        Configure = options => options.TrustUserHeader = false,
        Pipeline = app =>
        {
            app.Use((context, next) =>
            {
                context.User = new ClaimsPrincipal(identity);
                return next(context);
            });
            app.UseRouting();
            app.UseBudgetGuard();
            app.MapPost("/api/run", () => "done");
        },
    });

    private static Task<GuardedApp> StartOnKestrelAsync(HitCounter costly) =>
        GuardedApp.StartAsync(GuardedApp.OneDollarADay, app => app.MapPost("/api/run", costly.RunAsync), setup => setup.UseKestrel = true);

    private static async Task<HttpStatusCode> PostAsync(GuardedApp app, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/run");
        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        using HttpResponseMessage answer = await app.Client.SendAsync(request);
        return answer.StatusCode;
    }
}
