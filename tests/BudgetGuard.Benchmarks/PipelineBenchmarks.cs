using System.Threading.RateLimiting;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Benchmarks;

/// <summary>
/// One request without a body through a pipeline: bare, guarded by three budgets, and limited by the framework's limiter with three chained partitioned
/// limiters. What each adds is its time less that of the bare pipeline. The context and its features are used again for each request, as a server does.
/// </summary>
[MemoryDiagnoser]
public class PipelineBenchmarks
{
    private const string UserHeader = "X-User-ID";

    private readonly HeaderDictionary _responseHeaders = [];
    private readonly ServerFeatures _features;
    private readonly DefaultHttpContext _context;
    private int _serverFeatures;
    private RequestDelegate _bare = null!;
    private RequestDelegate _guarded = null!;
    private RequestDelegate _limited = null!;

    public PipelineBenchmarks()
    {
        _features = new ServerFeatures(new HttpRequestFeature(), new HttpResponseFeature { Headers = _responseHeaders });
        _features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        _context = new DefaultHttpContext(_features);
    }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _context.Request.Method = HttpMethods.Get;
        _context.Request.Path = "/api/items";
        _context.Request.Headers[UserHeader] = "alice";
        _context.RequestAborted = new CancellationTokenSource().Token;
        _serverFeatures = _features.Count;
        _bare = Pipeline(static _ => { }, static _ => { });
        _guarded = Pipeline(AddGuard, static app => app.UseBudgetGuard());
        _limited = Pipeline(AddLimiter, static app => app.UseRateLimiter());
        await Check(_guarded, 402);
        await Check(_limited, 503);
    }

    [Benchmark(Baseline = true)]
    public Task Bare() => RunAsync(_bare);

    [Benchmark]
    public Task BudgetGuard() => RunAsync(_guarded);

    [Benchmark]
    public Task RateLimiter() => RunAsync(_limited);

    private Task RunAsync(RequestDelegate pipeline)
    {
        _features.Reset(_serverFeatures);
        _responseHeaders.Clear();
        return pipeline(_context);
    }

    /// <summary>Both really decide: a user whose name asks for nothing is let through here, and one without money is not.</summary>
    private async Task Check(RequestDelegate pipeline, int deniedStatus)
    {
        await RunAsync(pipeline);
        Expect(200);
        _context.Request.Headers[UserHeader] = "poor";

        // The limiter has to be given one permit at least.
        await RunAsync(pipeline);
        await RunAsync(pipeline);
        Expect(deniedStatus);
        _context.Request.Headers[UserHeader] = "alice";
        _context.Response.StatusCode = 200;
    }

    private void Expect(int status)
    {
        if (_context.Response.StatusCode != status)
        {
            throw new InvalidOperationException($"Expected {status}, got {_context.Response.StatusCode}.");
        }
    }

    private static RequestDelegate Pipeline(Action<IServiceCollection> add, Action<IApplicationBuilder> use)
    {
        ServiceCollection services = new();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        add(services);
        ApplicationBuilder app = new(services.BuildServiceProvider());
        use(app);
        app.Run(static _ => Task.CompletedTask);
        return app.Build();
    }

    // So much that a long run does not use it up: a denial is another thing to measure.
    private static void AddGuard(IServiceCollection services) => services.AddBudgetGuard(options =>
    {
        options.Budgets["user"] = Dollars(1_000_000_000, "User");
        options.Budgets["operation"] = Dollars(1_000_000_000, "Operation");
        options.Budgets["all"] = Dollars(1_000_000_000);
    });

    private static BudgetOptions Dollars(decimal limit, params string[] per) => new()
    {
        Limit = limit,
        Period = BudgetPeriod.Day,
        Per = per,
        Overrides = [new BudgetOverride { User = "poor", Limit = 0 }],
    };

    private static void AddLimiter(IServiceCollection services) => services.AddRateLimiter(options => options.GlobalLimiter =
        PartitionedRateLimiter.CreateChained(Limiter(UserOf), Limiter(static _ => "operation"), Limiter(static _ => "all")));

    private static PartitionedRateLimiter<HttpContext> Limiter(Func<HttpContext, string> partition) =>
        PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetFixedWindowLimiter(
            partition(context),
            static key => new FixedWindowRateLimiterOptions
            {
                PermitLimit = key == "poor" ? 1 : int.MaxValue,
                Window = TimeSpan.FromDays(1),
            }));

    private static string UserOf(HttpContext context) => context.Request.Headers[UserHeader].ToString();
}
