using BudgetGuard.Api.Administration;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the HTTP API of the guard.</summary>
public static class BudgetGuardApiExtensions
{
    /// <summary>Where the API is mapped unless another place is given.</summary>
    public const string DefaultPrefix = "/budgetguard/api";

    /// <summary>
    /// Maps the API: budgets, accounts, spend, decisions, alerts. Until <c>RequireAuthorization</c> or <see cref="RequireAdminKey"/> is called on what this
    /// returns, only programs of this machine are answered: nothing that came through a proxy, and no web page of another site.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddBudgetGuard</c> was not called.</exception>
    public static RouteGroupBuilder MapBudgetGuardApi(this IEndpointRouteBuilder endpoints, string prefix = DefaultPrefix)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentException.ThrowIfNullOrWhiteSpace(prefix);
        if (endpoints.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(SettingsInputs)) == false)
        {
            throw new InvalidOperationException("The budget guard is not registered. Call services.AddBudgetGuard() where the app's services are added.");
        }

        endpoints.ServiceProvider.GetRequiredService<GuardHistory>().TurnOn();
        RouteGroupBuilder group = endpoints.MapGroup(prefix).DisableBudgetGuard();
        ((IEndpointConventionBuilder)group).Finally(static endpoint =>
        {
            if (endpoint.RequestDelegate is { } handle)
            {
                endpoint.RequestDelegate = context => ApiAccess.RunAsync(context, inner => ApiFailures.RunAsync(inner, handle));
            }
        });
        AdministrationRoutes.Map(group);
        AdministrationRoutes.MapUnknown(group);
        return group;
    }

    /// <summary>
    /// Lets in whoever presents the key as <c>Authorization: Bearer</c>, from anywhere, and nobody else. With <c>RequireAuthorization</c> as well, both have to hold.
    /// </summary>
    /// <param name="group">What <see cref="MapBudgetGuardApi"/> returned.</param>
    /// <param name="key">At least 32 characters of visible ASCII. Kept as a hash.</param>
    /// <exception cref="ArgumentException">The key is too short, or has other characters.</exception>
    public static RouteGroupBuilder RequireAdminKey(this RouteGroupBuilder group, string key)
    {
        ArgumentNullException.ThrowIfNull(group);
        return group.WithMetadata(new AdminKey(key));
    }

    /// <summary>
    /// Lets callers that the app knows by a credential of their own read their own accounts at <c>/me</c>, from anywhere. Who they are is what the user
    /// extractor says, as for their requests.
    /// </summary>
    /// <param name="group">What <see cref="MapBudgetGuardApi"/> returned.</param>
    /// <param name="isCaller">True if the request carries a caller's credential.</param>
    public static RouteGroupBuilder AllowOwnAccounts(this RouteGroupBuilder group, Func<HttpContext, bool> isCaller)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(isCaller);
        return group.WithMetadata(new ApiCallersMetadata(isCaller));
    }
}
