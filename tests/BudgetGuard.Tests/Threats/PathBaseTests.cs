using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>The guard before and after a path base is taken off, inside and outside a branch: the same rule means the same.</summary>
public sealed class PathBaseTests
{
    private const string OnlyBaseApi = """{"IncludeOnlyPaths":["/base/api"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";
    private const string NotFree = """{"ExcludePaths":["/base/free","/free"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";
    private const string NotFreeInside = """{"ExcludePaths":["/free"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    public enum Position
    {
        AfterUsePathBase,
        BeforeUsePathBase,
        InsideMap,
        OutsideMap,
    }

    public static TheoryData<Position> Positions { get; } = [.. Enum.GetValues<Position>()];

    [Theory]
    [MemberData(nameof(Positions))]
    public async Task T16_Included_path_is_guarded_in_every_position(Position position)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(OnlyBaseApi, position, costly);
        await app.ExhaustAsync();
        foreach (string path in (string[])["/base/api/echo", "/BASE/api/echo", "/base/API/Echo", "/base/api;x/echo", "/base//api/echo", "/base/api%2Fecho"])
        {
            Assert.Equal(402, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", path)));
        }

        Assert.Equal(0, costly.Hits);
        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/base/other")));
    }

    [Theory]
    [MemberData(nameof(Positions))]
    public async Task T16_Excluded_path_is_let_off_in_every_position_only_where_it_is_named_with_and_without_the_base(Position position)
    {
        HitCounter costly = new();
        await using (GuardedApp app = await StartAsync(NotFree, position, costly))
        {
            await app.ExhaustAsync();
            Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/base/free/x")));
            Assert.Equal(402, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/base/freedom")));
            Assert.Equal(402, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/base/api/free")));
        }

        await using (GuardedApp app = await StartAsync(NotFreeInside, position, costly))
        {
            await app.ExhaustAsync();
            Assert.Equal(402, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/base/free/x")));
        }

        Assert.Equal(1, costly.Hits);
    }

    [Fact]
    public async Task T31_Forwarded_prefix_moves_no_path_out_of_the_filter()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, new GuardedAppSetup
        {
            Services = services => services.Configure<ForwardedHeadersOptions>(forwarded =>
            {
                forwarded.ForwardedHeaders = ForwardedHeaders.All;
                forwarded.KnownProxies.Clear();
                forwarded.KnownIPNetworks.Clear();
            }),
            Pipeline = app =>
            {
                app.UseForwardedHeaders();
                app.UseRouting();
                app.UseBudgetGuard();
                app.Map("/{**rest}", costly.RunAsync);
            },
        });
        await app.ExhaustAsync();
        foreach (string prefix in (string[])["/health", "/metrics", "/health/..", "/"])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/api/run");
            request.Headers.Add("X-User-ID", "alice");
            request.Headers.Add("X-Forwarded-Prefix", prefix);
            request.Headers.Add("X-Forwarded-For", "203.0.113.7");
            using HttpResponseMessage denied = await app.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        }

        Assert.Equal(0, costly.Hits);
    }

    private static Task<GuardedApp> StartAsync(string section, Position position, HitCounter costly) =>
        GuardedApp.StartAsync(section, new GuardedAppSetup
        {
            UseKestrel = true,
            Pipeline = app =>
            {
                switch (position)
                {
                    case Position.AfterUsePathBase:
                        app.UsePathBase("/base");
                        app.UseRouting();
                        app.UseBudgetGuard();
                        app.Map("/{**rest}", costly.RunAsync);
                        break;
                    case Position.BeforeUsePathBase:
                        app.UseBudgetGuard();
                        app.UsePathBase("/base");
                        app.UseRouting();
                        app.Map("/{**rest}", costly.RunAsync);
                        break;
                    case Position.InsideMap:
                        app.Map("/base", branch =>
                        {
                            branch.UseBudgetGuard();
                            branch.Run(costly.RunAsync);
                        });
                        break;
                    default:
                        app.UseBudgetGuard();
                        app.Map("/base", branch => branch.Run(costly.RunAsync));
                        break;
                }
            },
        });
}
