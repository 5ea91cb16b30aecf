using BudgetGuard.Api;
using BudgetGuard.Configuration;
using BudgetGuard.Estimation;
using BudgetGuard.Filtering;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Diagnostics;

/// <summary>The lines that a request leaves in the log: one at its end where that is asked for, and its steps while debugging.</summary>
internal sealed class RequestLog(SettingsSource settings, ILogger<BudgetGuardMiddleware> logger)
{
    public bool IsDebug => logger.IsEnabled(LogLevel.Debug);

    public void NotGuarded(HttpContext context, FilterVerdict verdict) =>
        GuardLog.NotGuarded(logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), verdict);

    public void Refused(HttpContext context, ModelRequestError error)
    {
        GuardLog.RequestRefused(logger, error.Status, error.Message);
        Undecided(context, "refused", error.Status);
    }

    /// <summary>A request that ended before anything was decided still has its line.</summary>
    public void Undecided(HttpContext context, string how, int status)
    {
        if (settings.Current.EnableRequestLogging && logger.IsEnabled(LogLevel.Information))
        {
            GuardLog.RequestUndecided(logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), how, status);
        }
    }

    public void Decision(HttpContext context, BudgetRequest request, in BudgetDecision decision) =>
        GuardLog.Guarded(
            logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), request.Subject.User, request.Operation,
            GuardLog.Printable(request.Model), request.Estimated.Cost, DecisionNames.Of(decision.Kind), decision.Budget);

    public void Done(HttpContext context, GuardedRequest guarded, Exception? failure)
    {
        if (settings.Current.EnableRequestLogging)
        {
            // While an exception passes the status is still that of success; the server will make it a 500.
            bool becomesError = failure is not null && !context.Response.HasStarted;
            Done(context, guarded, guarded.Decision, guarded.Charged, becomesError ? StatusCodes.Status500InternalServerError : context.Response.StatusCode);
        }
    }

    public void Done(HttpContext context, BudgetRequest request, in BudgetDecision decision, in Charge charged, int status)
    {
        if (settings.Current.EnableRequestLogging && logger.IsEnabled(LogLevel.Information))
        {
            GuardLog.RequestDone(
                logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), DecisionNames.Of(decision.Kind), decision.Budget,
                request.Subject.User, request.Operation, GuardLog.Printable(request.Model), status, charged.Cost);
        }
    }
}
