using BudgetGuard;
using BudgetGuard.Configuration;
using BudgetGuard.Filtering;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts the guard into a pipeline.</summary>
public static class BudgetGuardApplicationBuilderExtensions
{
    /// <summary>
    /// Guards what comes after it. Its place: after static files, exception handling, routing and authentication; before everything that costs money.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddBudgetGuard</c> was not called.</exception>
    public static IApplicationBuilder UseBudgetGuard(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.ApplicationServices.GetService<IServiceProviderIsService>()?.IsService(typeof(SettingsInputs)) == false)
        {
            throw new InvalidOperationException("The budget guard is not registered. Call services.AddBudgetGuard() where the app's services are added.");
        }

        app.ApplicationServices.GetRequiredService<GuardUse>().IsUsed = true;
        return app.UseMiddleware<BudgetGuardMiddleware>();
    }
}
