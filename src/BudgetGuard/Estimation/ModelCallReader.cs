using BudgetGuard.Configuration;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>Puts together what a request to a model API asks for, and adds to its body what the guard needs of the answer.</summary>
internal static class ModelCallReader
{
    public static async ValueTask<ModelCall> ReadAsync(HttpContext context, ModelApi api, InspectedBody body, GuardSettings settings)
    {
        ModelRequest request = body.Request!;
        if (!request.Stream && ModelApis.IsStreamPath(api, context.Request.Path.Value))
        {
            request = request with { Stream = true };
        }

        bool asksForUsage = request.Stream && settings is { RequestStreamUsage: true, EnableCostTracking: true }
            && (api == ModelApis.OpenAIChat || api == ModelApis.OpenAICompletions) && await body.TryAskForUsageAsync(context);
        if (asksForUsage)
        {
            // Nothing can be taken out of a compressed answer.
            context.Request.Headers.AcceptEncoding = default;
        }

        return new ModelCall(api, request, asksForUsage);
    }
}
