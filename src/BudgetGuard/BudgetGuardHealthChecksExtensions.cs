using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The guard's health check.</summary>
public static class BudgetGuardHealthChecksExtensions
{
    /// <summary>Adds a check that is healthy once the guard can decide, degraded while a changed configuration is refused, and failed while its store does not answer.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The check's name. Default <c>budgetguard</c>.</param>
    /// <param name="failureStatus">What a failure is reported as. Default <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">Tags to filter checks by.</param>
    public static IHealthChecksBuilder AddBudgetGuard(
        this IHealthChecksBuilder builder, string name = "budgetguard", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddCheck<BudgetGuardHealthCheck>(name, failureStatus, tags ?? []);
    }
}
