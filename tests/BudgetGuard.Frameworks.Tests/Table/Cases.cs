using System.Net;
using System.Text.Json;
using BudgetGuard.Frameworks.Tests.Rig;

namespace BudgetGuard.Frameworks.Tests.Table;

/// <summary>What every framework has to do, seen from outside: written once, and run against each.</summary>
internal static class Cases
{
    public static readonly IReadOnlyDictionary<string, (Setup Setup, Func<IFrameworkApp, Task> Run)> All = new Dictionary<string, (Setup, Func<IFrameworkApp, Task>)>
    {
        ["A request within its budget runs, and pays its estimate where nothing is reported"] = (Setup.Common, PaysItsEstimateAsync),
        ["A reported cost is what is paid"] = (Setup.Common, PaysWhatIsReportedAsync),
        ["A reported usage is paid at the model's price"] = (Setup.Common, PaysUsageAsync),
        ["A handler that fails before any cost pays nothing"] = (Setup.Common, FailureIsReleasedAsync),
        ["A handler that fails after a cost pays it"] = (Setup.Common, FailureAfterCostPaysAsync),
        ["An answer of 4xx where nothing was reported pays nothing"] = (Setup.Common, MistakesAreFreeAsync),
        ["Money that is gone is 402 with the guard's body, and the handler does not run"] = (Setup.Common, RejectsAsync),
        ["A budget that throttles is 429 with Retry-After"] = (Setup.Common, ThrottlesAsync),
        ["One user's spend is not another's"] = (Setup.Common, UsersAreApartAsync),
        ["Excluded paths and methods pass and pay nothing"] = (Setup.Common, ExclusionsPassAsync),
        ["Only included paths are guarded, by whole segments, whatever the case"] = (Setup.OnlyApi, InclusionsAsync),
        ["A stream passes unbroken and pays at its end"] = (Setup.Common, StreamPaysAsync),
        ["A client that leaves pays what was reported"] = (Setup.Common, LeavingPaysReportAsync),
        ["A client that leaves pays the estimate where nothing was reported"] = (Setup.Common, LeavingPaysEstimateAsync),
        ["Of 100 parallel requests with money for ten, ten pass"] = (Setup.Common, TenOfHundredAsync),
        ["Nothing to ask, open: requests pass"] = (Setup.DownOpen, PassesWhenDownAsync),
        ["Nothing to ask, closed: 503"] = (Setup.DownClosed, RefusesWhenDownAsync),
        ["No answer, closed: 503 in bounded time"] = (Setup.SilentClosed, RefusesWhenSilentAsync),
    };

    private static async Task PaysItsEstimateAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(user, estimate: 0.013m));
        Assert.Equal(new Balance(0.013m, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task PaysWhatIsReportedAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.004"}"""));
        Assert.Equal(new Balance(0.004m, 0), await app.Ledger.ReadAsync(user));

        // More than was held is a fact too.
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.0500000001"}"""));
        Assert.InRange((await app.Ledger.ReadAsync(user)).Settled, 0.0540000001m, 0.054000001m);
    }

    private static async Task PaysUsageAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500},"model":"gpt-4o"}"""));

        // 2.50 and 10.00 USD for a million tokens.
        Assert.Equal(new Balance(0.0075m, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task FailureIsReleasedAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(500, await app.WorkStatusAsync(user, """{"fail":true}"""));
        Assert.Equal(new Balance(0, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task FailureAfterCostPaysAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(500, await app.WorkStatusAsync(user, """{"report":"0.004","fail":true}"""));
        Assert.Equal(new Balance(0.004m, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task MistakesAreFreeAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(404, await app.WorkStatusAsync(user, path: "/api/nothing"));
        Assert.Equal(new Balance(0, 0), await app.Ledger.ReadAsync(user));
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.1"}"""));

        // It is guarded all the same.
        Assert.Equal(402, await app.WorkStatusAsync(user, path: "/api/nothing"));
    }

    private static async Task RejectsAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.095"}"""));
        using HttpResponseMessage answer = await app.WorkAsync(user, """{"report":"1"}""");
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.PaymentRequired, body);
        using JsonDocument denial = JsonDocument.Parse(body);
        Assert.Equal("Budget limit exceeded", denial.RootElement.GetProperty("error").GetString());
        Assert.Equal("reject", denial.RootElement.GetProperty("decision").GetString());
        Assert.Equal(user, denial.RootElement.GetProperty("user_id").GetString());
        Assert.Equal("gpt-4o", denial.RootElement.GetProperty("model").GetString());
        Assert.Equal(JsonValueKind.Null, denial.RootElement.GetProperty("retry_after").ValueKind);
        Assert.Equal("false", Assert.Single(answer.Headers.GetValues("x-should-retry")));
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(new Balance(0.095m, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task ThrottlesAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser("slow");
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.02"}"""));
        using HttpResponseMessage answer = await app.WorkAsync(user);
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.TooManyRequests, body);
        using JsonDocument denial = JsonDocument.Parse(body);
        Assert.Equal("throttle", denial.RootElement.GetProperty("decision").GetString());
        int seconds = denial.RootElement.GetProperty("retry_after").GetInt32();
        Assert.InRange(seconds, 1, 611);
        Assert.Equal(TimeSpan.FromSeconds(seconds), answer.Headers.RetryAfter!.Delta);
    }

    private static async Task UsersAreApartAsync(IFrameworkApp app)
    {
        string rich = Asking.NewUser();
        string poor = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(poor, """{"report":"0.1"}"""));
        Assert.Equal(402, await app.WorkStatusAsync(poor));
        Assert.Equal(200, await app.WorkStatusAsync(rich));
        Assert.Equal(new Balance(Budgets.Estimate, 0), await app.Ledger.ReadAsync(rich));
    }

    private static async Task ExclusionsPassAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.1"}"""));
        foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Get, "/health"), (HttpMethod.Get, "/HEALTH/"), (HttpMethod.Options, "/api/work"), (HttpMethod.Head, "/api/work") })
        {
            using HttpRequestMessage request = new(method, path);
            request.Headers.Add("X-Test-User", user);
            using HttpResponseMessage answer = await app.Client.SendAsync(request);

            // What a framework does with another spelling is its own affair; the guard has no say in it.
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound, $"{method} {path}: {answer.StatusCode}");
        }

        using HttpRequestMessage guarded = new(HttpMethod.Get, "/api/work");
        guarded.Headers.Add("X-Test-User", user);
        using HttpResponseMessage denied = await app.Client.SendAsync(guarded);
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Equal(new Balance(0.1m, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task InclusionsAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        Assert.Equal(200, await app.WorkStatusAsync(user, """{"report":"0.1"}"""));
        Assert.Equal(402, await app.WorkStatusAsync(user));
        Assert.Equal(402, await app.WorkStatusAsync(user, path: "/API/work"));
        using HttpRequestMessage request = new(HttpMethod.Get, "/apiary");
        request.Headers.Add("X-Test-User", user);
        using HttpResponseMessage other = await app.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);

        // Not a plain path: it may be read as one that is included.
        Assert.Equal(402, await app.WorkStatusAsync(user, path: "/other//work"));
        Assert.Equal(new Balance(0.1m, 0), await app.Ledger.ReadAsync(user));
    }

    private static async Task StreamPaysAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        using HttpResponseMessage answer = await app.WorkAsync(user, """{"stream":5,"report":"0.004"}""", isStream: true);
        Assert.Equal("chunk 1\nchunk 2\nchunk 3\nchunk 4\nchunk 5\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal(new Balance(0.004m, 0), await app.Ledger.ReadWhenOverAsync(user));
    }

    private static async Task LeavingPaysReportAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        await app.LeaveAsync(user, """{"hang":true,"report":"0.004"}""");
        Assert.Equal(new Balance(0.004m, 0), await app.Ledger.ReadWhenOverAsync(user));
    }

    private static async Task LeavingPaysEstimateAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        await app.LeaveAsync(user, """{"hang":true}""");
        Assert.Equal(new Balance(Budgets.Estimate, 0), await app.Ledger.ReadWhenOverAsync(user));
    }

    private static async Task TenOfHundredAsync(IFrameworkApp app)
    {
        string user = Asking.NewUser();
        int[] statuses = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => app.WorkStatusAsync(user)));
        Assert.Equal(10, statuses.Count(static status => status == 200));
        Assert.All(statuses, static status => Assert.True(status is 200 or 402 or 429, $"{status}"));
        Assert.Equal(new Balance(Budgets.Daily, 0), await app.Ledger.ReadWhenOverAsync(user));
    }

    private static async Task PassesWhenDownAsync(IFrameworkApp app) => Assert.Equal(200, await app.WorkStatusAsync(Asking.NewUser()));

    private static async Task RefusesWhenDownAsync(IFrameworkApp app)
    {
        int before = await app.CallsAsync();
        using HttpResponseMessage answer = await app.WorkAsync(Asking.NewUser());
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, body);
        using JsonDocument refusal = JsonDocument.Parse(body);
        Assert.Equal("Budget guard unavailable", refusal.RootElement.GetProperty("error").GetString());
        Assert.Equal(before, await app.CallsAsync());
    }

    private static async Task RefusesWhenSilentAsync(IFrameworkApp app)
    {
        // Far above the 300 ms of the adapters and far below what a client without a bound of its own would wait.
        Task<int> asked = app.WorkStatusAsync(Asking.NewUser());
        Assert.Equal(503, await asked.WaitAsync(TimeSpan.FromSeconds(10)));
    }
}
