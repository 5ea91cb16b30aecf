using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Answers what a route of the API threw.</summary>
internal static class ApiFailures
{
    public static async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested && IsAnswered(fault))
        {
            Task answer = fault switch
            {
                ApiProblemException problem => ApiProblem.WriteAsync(context, problem.Status, problem.Code, problem.Message),
                BadHttpRequestException refused => ApiProblem.WriteAsync(context, refused.StatusCode, "invalid_request", refused.Message),
                _ => ApiProblem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "The store of the budgets does not answer."),
            };
            await answer;
        }
    }

    private static bool IsAnswered(Exception fault) => fault is ApiProblemException or BadHttpRequestException or BudgetGuardUnavailableException;
}
