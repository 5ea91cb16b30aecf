using System.Globalization;
using System.Threading.RateLimiting;
using BudgetGuard.Gateway.Callers;
using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Settings;

namespace BudgetGuard.Gateway.Routing;

/// <summary>Free routes have no price that would slow a loop down, so their rate is limited for each caller.</summary>
internal static class FreeRoutes
{
    public const string Policy = "free";

    public static IServiceCollection AddFreeRouteLimits(this IServiceCollection services, GatewaySettings settings) =>
        services.AddRateLimiter(options =>
        {
            options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            options.OnRejected = static (rejected, _) => RejectAsync(rejected.HttpContext, rejected.Lease);
            options.AddPolicy(Policy, context => RateLimitPartition.GetFixedWindowLimiter(
                CallerOf(context),
                _ => new FixedWindowRateLimiterOptions { PermitLimit = settings.FreeRequestsPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));
        });

    /// <summary>The key, else the address: a name that callers choose would be a new caller each time.</summary>
    private static string CallerOf(HttpContext context) =>
        context.Features.Get<Caller>()?.KeyId ?? context.Connection.RemoteIpAddress?.ToString() ?? "local";

    private static ValueTask RejectAsync(HttpContext context, RateLimitLease lease)
    {
        if (lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait))
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return new ValueTask(DialectErrors.WriteAsync(
            context, StatusCodes.Status429TooManyRequests, "rate_limit_exceeded", "Too many requests to a free route; wait and try again."));
    }
}
