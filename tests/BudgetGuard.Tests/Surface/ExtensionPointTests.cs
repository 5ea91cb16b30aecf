using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Surface;

/// <summary>The app's own extractors and estimators: how they are registered, what their answers mean, and what happens when they fail.</summary>
public sealed class ExtensionPointTests
{
    public enum Point
    {
        User,
        Operation,
        Model,
        Cost,
    }

    public static TheoryData<Point> Points { get; } = [.. Enum.GetValues<Point>()];

    public static TheoryData<Point, bool> PointsOpenAndClosed()
    {
        TheoryData<Point, bool> all = [];
        foreach (Point point in Enum.GetValues<Point>())
        {
            all.Add(point, true);
            all.Add(point, false);
        }

        return all;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Shortcuts_answer_in_both_forms(bool asynchronous)
    {
        await using GuardedApp app = await StartAsync(guard =>
        {
            _ = asynchronous
                ? guard.UseUserExtractor(async (context, _) => await LaterAsync(new BudgetSubject("carol") { Team = "red" }))
                    .UseOperationExtractor(async (context, _) => await LaterAsync("translation"))
                    .UseModelExtractor(async (context, _) => await LaterAsync("cheap"))
                    .UseCostEstimator(async (context, _) => await LaterAsync<decimal?>(0.05m))
                : guard.UseUserExtractor(_ => new BudgetSubject("carol") { Team = "red" })
                    .UseOperationExtractor(_ => "translation")
                    .UseModelExtractor(_ => "cheap")
                    .UseCostEstimator(_ => 0.05m);
        });

        Assert.Equal((HttpStatusCode.OK, "carol red translation cheap 0.05"), await PostAsync(app));
        Assert.Equal(0.05m, (await app.BalanceAsync("carol")).Settled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Scoped_services_answer_whether_registered_before_or_after_the_guard(bool before)
    {
        void Register(IServiceCollection services) => services
            .AddScoped<Visit>()
            .AddScoped<IUserExtractor, ScopedExtractors>()
            .AddScoped<IOperationExtractor, ScopedExtractors>()
            .AddScoped<IModelExtractor, ScopedExtractors>()
            .AddScoped<ICostEstimator, ScopedExtractors>();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, Map, setup =>
        {
            setup.Services = before ? Register : static _ => { };
            setup.Guard = before ? static _ => { } : guard => Register(guard.Services);
        });

        // The operation carries the count of calls on the request's own Visit: always the same, so each request has a scope of its own.
        Assert.Equal((HttpStatusCode.OK, "carol  call-2 cheap 0.05"), await PostAsync(app));
        Assert.Equal((HttpStatusCode.OK, "carol  call-2 cheap 0.05"), await PostAsync(app));
        Assert.Equal(0.10m, (await app.BalanceAsync("carol")).Settled);
        Assert.Equal(0m, (await app.BalanceAsync("alice")).Settled);
    }

    [Fact]
    public async Task Null_user_is_anonymous_and_null_from_the_others_leaves_the_default()
    {
        await using GuardedApp app = await StartAsync(
            guard => guard.UseUserExtractor(_ => (string?)null).UseOperationExtractor(_ => null).UseModelExtractor(_ => null).UseCostEstimator(_ => null),
            app => app.MapPost("/api/run", Describe).WithOperation("report"));
        app.Client.DefaultRequestHeaders.Add("X-Model", "gpt-4o");

        Assert.Equal((HttpStatusCode.OK, "anonymous  report gpt-4o 0.01"), await PostAsync(app));
        Assert.Equal(0.01m, (await app.BalanceAsync(BudgetSubject.AnonymousUser)).Settled);
    }

    [Fact]
    public async Task Answer_of_the_app_beats_metadata_of_the_endpoint()
    {
        await using GuardedApp app = await StartAsync(
            guard => guard.UseOperationExtractor(_ => "mine"), app => app.MapPost("/api/run", Describe).WithOperation("report"));
        Assert.Equal((HttpStatusCode.OK, "alice  mine  0.01"), await PostAsync(app));
    }

    [Fact]
    public async Task Last_registration_counts()
    {
        await using GuardedApp app = await StartAsync(guard => guard.UseUserExtractor(_ => "first").UseUserExtractor(_ => "second"));
        Assert.Equal((HttpStatusCode.OK, "second  api_call  0.01"), await PostAsync(app));
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Failing_one_is_logged_once_and_the_default_stands_within_the_budget(Point point)
    {
        await using GuardedApp app = await StartAsync(guard => Use(guard, point, static (_, _) => throw new InvalidOperationException("broken")));
        string user = point == Point.User ? BudgetSubject.AnonymousUser : "alice";

        Assert.Equal((HttpStatusCode.OK, $"{user}  api_call  0.01"), await PostAsync(app));
        Assert.Equal((HttpStatusCode.OK, $"{user}  api_call  0.01"), await PostAsync(app));
        Assert.Equal(0.02m, (await app.BalanceAsync(user)).Settled);
        Assert.Single(app.Logs.GetSnapshot(), record => record.Id.Name == "ExtensionFailed" && record.Exception?.Message == "broken");

        await app.SpendAsync(0.98m, user);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await PostAsync(app)).Status);
    }

    [Fact]
    public async Task Failures_are_logged_once_for_each_kind()
    {
        await using GuardedApp app = await StartAsync(guard =>
        {
            foreach (Point point in Enum.GetValues<Point>())
            {
                Use(guard, point, static (_, _) => throw new InvalidOperationException("broken"));
            }
        });

        await PostAsync(app);
        await PostAsync(app);
        Assert.Equal(4, app.Logs.GetSnapshot().Count(record => record.Id.Name == "ExtensionFailed"));
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Failing_one_closes_the_guard_where_FailOpen_is_false(Point point)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(
            guard => Use(guard, point, static (_, _) => throw new InvalidOperationException("broken")),
            app => app.MapPost("/api/run", costly.RunAsync),
            failOpen: false);

        (HttpStatusCode status, string body) = await PostAsync(app);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("\"error\":\"Budget guard unavailable\"", body, StringComparison.Ordinal);
        Assert.Equal(0, costly.Hits);
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
    }

    [Theory]
    [MemberData(nameof(PointsOpenAndClosed))]
    public async Task Hanging_one_is_cut_at_StoreTimeout(Point point, bool failOpen)
    {
        TaskCompletionSource never = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using GuardedApp app = await StartAsync(guard => Use(guard, point, (_, _) => never.Task), failOpen: failOpen);

        Task<(HttpStatusCode Status, string Body)> answer = PostAsync(app);

        // Its timer starts at some moment after the request was sent: time goes on until it has run out.
        while (!answer.IsCompleted)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        Assert.Equal(failOpen ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, (await answer).Status);
        Assert.Single(app.Logs.GetSnapshot(), record => record.Id.Name == "ExtensionFailed" && record.Exception is TimeoutException);
        never.SetResult();
    }

    [Theory]
    [MemberData(nameof(PointsOpenAndClosed))]
    public async Task Fault_of_the_client_is_answered_with_its_status_and_is_no_failure(Point point, bool failOpen)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(
            guard => Use(guard, point, static (_, _) => throw new BadHttpRequestException("Who are you?", StatusCodes.Status401Unauthorized)),
            app => app.MapPost("/api/run", costly.RunAsync),
            failOpen);

        (HttpStatusCode status, string body) = await PostAsync(app);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("Who are you?", body, StringComparison.Ordinal);
        Assert.Equal(0, costly.Hits);
        Assert.DoesNotContain(app.Logs.GetSnapshot(), record => record.Id.Name == "ExtensionFailed");
    }

    [Fact]
    public async Task Negative_cost_of_an_estimator_is_a_failure_of_it()
    {
        await using GuardedApp app = await StartAsync(guard => guard.UseCostEstimator(_ => -1m));
        Assert.Equal((HttpStatusCode.OK, "alice  api_call  0.01"), await PostAsync(app, "alice"));
        Assert.Single(app.Logs.GetSnapshot(), record => record.Id.Name == "ExtensionFailed");
    }

    private static void Use(IBudgetGuardBuilder guard, Point point, Func<HttpContext, CancellationToken, Task> work)
    {
        _ = point switch
        {
            Point.User => guard.UseUserExtractor(async (context, aborted) =>
            {
                await work(context, aborted);
                return new BudgetSubject("carol");
            }),
            Point.Operation => guard.UseOperationExtractor(async (context, aborted) =>
            {
                await work(context, aborted);
                return "translation";
            }),
            Point.Model => guard.UseModelExtractor(async (context, aborted) =>
            {
                await work(context, aborted);
                return "cheap";
            }),
            _ => guard.UseCostEstimator(async (context, aborted) =>
            {
                await work(context, aborted);
                return 0.05m;
            }),
        };
    }

    private static async ValueTask<T> LaterAsync<T>(T value)
    {
        await Task.Yield();
        return value;
    }

    private static async Task<(HttpStatusCode Status, string Body)> PostAsync(GuardedApp app, string user = "alice")
    {
        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run", user);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static Task<GuardedApp> StartAsync(Action<IBudgetGuardBuilder> use, Action<WebApplication>? map = null, bool failOpen = true) =>
        GuardedApp.StartAsync(GuardedApp.OneDollarADay, map ?? Map, setup =>
        {
            setup.Guard = use;
            setup.Configure = options => options.FailOpen = failOpen;
        });

    private static void Map(WebApplication app) => app.MapPost("/api/run", Describe);

    private static string Describe(HttpContext context)
    {
        BudgetRequest request = context.GetBudgetGuard()!.Request;
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{request.Subject.User} {request.Subject.Team} {request.Operation} {request.Model} {request.Estimate?.CostUsd}");
    }

    private sealed class Visit
    {
        public int Calls { get; set; }
    }

    private sealed class ScopedExtractors(Visit visit) : IUserExtractor, IOperationExtractor, IModelExtractor, ICostEstimator
    {
        public ValueTask<BudgetSubject?> ExtractAsync(HttpContext context, CancellationToken cancellationToken)
        {
            visit.Calls++;
            return new ValueTask<BudgetSubject?>("carol");
        }

        ValueTask<string?> IOperationExtractor.ExtractAsync(HttpContext context, CancellationToken cancellationToken) => new($"call-{++visit.Calls}");

        ValueTask<string?> IModelExtractor.ExtractAsync(HttpContext context, CancellationToken cancellationToken) => new("cheap");

        public ValueTask<CostEstimate?> EstimateAsync(BudgetRequest request, HttpContext context, CancellationToken cancellationToken) => new(new CostEstimate(0.05m));
    }
}
