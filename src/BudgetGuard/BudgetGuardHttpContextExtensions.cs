using BudgetGuard;

namespace Microsoft.AspNetCore.Http;

/// <summary>The guard's view of a request.</summary>
public static class BudgetGuardHttpContextExtensions
{
    /// <summary>The guard's view of the current request, to read the decision and to report what it really cost; null where the request is not guarded.</summary>
    public static IBudgetGuardFeature? GetBudgetGuard(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<IBudgetGuardFeature>();
    }
}
