using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Rig;

/// <summary>Work whose request says what it is estimated at and, if it differs, what it costs.</summary>
internal static class PricedWork
{
    public static void Map(WebApplication app) => app.MapGet("/api/work", WorkAsync);

    public static void Estimate(IBudgetGuardBuilder guard) => guard.UseCostEstimator(static context => Usd(context, "usd"));

    public static Task<GuardedApp> StartAsync(string section, Action<GuardedAppSetup>? configure = null) => GuardedApp.StartAsync(section, Map, setup =>
    {
        setup.Guard = Estimate;
        configure?.Invoke(setup);
    });

    public static string Path(decimal usd, decimal? actual = null) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/work?usd={usd}{(actual is null ? "" : "&actual=")}{actual}");

    /// <summary>Asks for work and gives the status.</summary>
    public static async Task<int> WorkAsync(this GuardedApp app, decimal usd, string user = "alice", decimal? actual = null)
    {
        using HttpResponseMessage answer = await app.GetAsync(Path(usd, actual), user);
        return (int)answer.StatusCode;
    }

    private static Task WorkAsync(HttpContext context)
    {
        if (Usd(context, "actual") is { } actual)
        {
            context.GetBudgetGuard()!.ReportCost(actual);
        }

        return context.Response.WriteAsync("done");
    }

    private static decimal? Usd(HttpContext context, string name) =>
        decimal.TryParse(context.Request.Query[name], NumberStyles.Number, CultureInfo.InvariantCulture, out decimal usd) ? usd : null;
}
