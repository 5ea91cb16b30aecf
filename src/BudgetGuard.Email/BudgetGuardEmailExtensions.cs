using BudgetGuard;
using BudgetGuard.Email;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds e-mail to the types of sinks that alerts are sent to.</summary>
public static class BudgetGuardEmailExtensions
{
    /// <summary>
    /// Adds the sink type <c>Email</c> for <c>BudgetGuard:Alerts:Sinks</c>. Without a sink of that type there nothing is sent. Calling it again changes nothing.
    /// </summary>
    public static IBudgetGuardBuilder AddEmailAlerts(this IBudgetGuardBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IAlertSinkFactory, EmailAlertSinkFactory>());
        return builder;
    }
}
