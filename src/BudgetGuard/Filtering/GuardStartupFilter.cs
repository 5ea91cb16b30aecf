using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Filtering;

/// <summary>Checks, before the first request, what endpoints say to the guard, and that the guard is in the pipeline.</summary>
internal sealed class GuardStartupFilter(SettingsSource settings, GuardUse use, ILogger<GuardStartupFilter> logger) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        next(app);
        if (app.ApplicationServices.GetService<EndpointDataSource>() is { } endpoints)
        {
            // Also at every reload: a budget that an endpoint names cannot go away.
            settings.AddValidator(current => Problems(endpoints, current));
        }

        if (!use.IsUsed)
        {
            GuardLog.NotUsed(logger);
        }
    };

    private static IEnumerable<string> Problems(EndpointDataSource endpoints, GuardSettings current)
    {
        foreach (Endpoint endpoint in endpoints.Endpoints)
        {
            if (EndpointTerms.Of(endpoint) is not { } terms)
            {
                continue;
            }

            foreach (string name in terms.RequiredBudgets)
            {
                if (!current.Budgets.Any(rule => string.Equals(rule.Terms.Name, name, StringComparison.OrdinalIgnoreCase)))
                {
                    yield return $"The endpoint '{endpoint.DisplayName}' requires the budget '{name}', which is not configured"
                        + NearestName.Hint(NearestName.Of(name, current.Budgets.Select(rule => rule.Terms.Name)));
                }
            }

            if (terms.ModelApiName is { } api && terms.ModelApi is null)
            {
                yield return $"The endpoint '{endpoint.DisplayName}' names the model API '{api}'; expected one of {string.Join(", ", ModelApis.Names)}";
            }

            // The framework's type is not public; one that is missed here still fails on its first request.
            if (!terms.IsDisabled && endpoint.Metadata.Any(static item => item.GetType().Name == "ShortCircuitMetadata"))
            {
                yield return $"The endpoint '{endpoint.DisplayName}' is short-circuited, so the guard never sees it; expected either ShortCircuit or budget metadata";
            }
        }
    }
}
