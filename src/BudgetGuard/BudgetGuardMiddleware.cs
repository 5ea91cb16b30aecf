using BudgetGuard.Api;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Estimation;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using BudgetGuard.Metering;
using BudgetGuard.Policy;
using BudgetGuard.Responses;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BudgetGuard;

/// <summary>
/// A request's way through the guard: filter, identify, estimate, decide, run the app while its response is metered, settle.
/// It stands after routing, because endpoints say what they cost, and before everything that costs money.
/// </summary>
internal sealed class BudgetGuardMiddleware(
    RequestDelegate next,
    SettingsSource settings,
    RequestIdentifier identifier,
    RequestEstimator estimator,
    Admission admission,
    Settler settler,
    UsageReaders usageReaders,
    GuardResponses responses,
    FailureLog failures,
    TimeProvider time,
    ILogger<BudgetGuardMiddleware> logger)
{
    public Task InvokeAsync(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();

        // Error pages run the pipeline again, and an app may call UseBudgetGuard twice: one request is decided and charged once.
        if (context.Features.Get<IBudgetGuardFeature>() is GuardedRequest guarded)
        {
            guarded.SeenEndpoint = endpoint;
            return next(context);
        }

        GuardSettings current = settings.Current;
        EndpointTerms? terms = EndpointTerms.Of(endpoint);
        string? modelFromPath = null;
        ModelApi? api = terms?.ModelApi ?? ModelApis.Match(context.Request.Path.Value ?? string.Empty, out modelFromPath);
        bool mayCallModel = api is not null && InspectedBody.MayCallModel(context);
        FilterVerdict verdict = RequestFilter.Judge(context, terms, mayCallModel, current);
        if (verdict == FilterVerdict.Guarded)
        {
            return GuardAsync(context, current, endpoint, terms, mayCallModel ? api : null, modelFromPath);
        }

        if (terms is not null)
        {
            context.Features.Set(new GuardVisit(endpoint!));
        }

        if (logger.IsEnabled(LogLevel.Debug))
        {
            GuardLog.NotGuarded(logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), verdict);
        }

        return next(context);
    }

    private async Task GuardAsync(
        HttpContext context, GuardSettings current, Endpoint? endpoint, EndpointTerms? terms, ModelApi? api, string? modelFromPath)
    {
        InspectedBody? body = null;
        try
        {
            ModelCall? call = null;
            if (api is not null)
            {
                body = await InspectedBody.ReadAsync(
                    context, api, modelFromPath, current.MaxInspectedBodyBytes, InspectedBody.ReadTimeout, time, context.RequestAborted);
                if (body.Error is { } error)
                {
                    await RefuseAsync(context, error);
                    return;
                }

                call = new ModelCall(api, body.Request!);
                context.Features.Set(call);
            }

            if (await AdmitAsync(context, terms, call) is { } guarded)
            {
                guarded.SeenEndpoint = endpoint;
                await RunAsync(context, current, guarded, api);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested && context.Features.Get<IBudgetGuardFeature>() is null)
        {
            // The client left before anything was held: there is nobody to answer and nothing to charge.
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <summary>Identifies, estimates and decides; null where the guard has answered itself.</summary>
    private async ValueTask<GuardedRequest?> AdmitAsync(HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        try
        {
            Identified identified = await identifier.IdentifyAsync(context, terms, call);
            var request = new BudgetRequest
            {
                Subject = identified.Subject,
                Operation = identified.Operation,
                Model = identified.Model,
                RequiredBudgets = terms?.RequiredBudgets ?? [],
            };
            request.Amount = await estimator.EstimateAsync(context, request, identified.ModelIsOnlyClaimed, terms, call);
            BudgetDecision decision = await admission.DecideAsync(request, context.RequestAborted);
            LogDecision(context, request, decision);
            if (decision.Denial is { } denial)
            {
                await responses.DenyAsync(context, request, denial);
                LogDone(context, request, decision, default);
                return null;
            }

            var guarded = new GuardedRequest(settler, request, decision, identified.ModelIsOnlyClaimed);
            context.Features.Set<IBudgetGuardFeature>(guarded);
            responses.AddHeaders(context.Response, request, decision);
            return guarded;
        }
        catch (BadHttpRequestException fault)
        {
            await RefuseAsync(context, new ModelRequestError(fault.StatusCode, "invalid_request", fault.Message));
        }
        catch (BudgetGuardUnavailableException)
        {
            await responses.UnavailableAsync(context);
        }

        return null;
    }

    private async Task RunAsync(HttpContext context, GuardSettings current, GuardedRequest guarded, ModelApi? api)
    {
        ResponseMeter? meter = api is null || !current.EnableCostTracking ? null : ResponseMeter.Attach(
            context, usageReaders.For(api.Name), guarded.SettleAtUsageAsync, failure => failures.Report(FailureKind.Metering, failure));
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception thrown)
        {
            failure = thrown;
            throw;
        }
        finally
        {
            if (meter is not null)
            {
                await meter.FinishAsync();
            }

            await guarded.EndAsync(Outcomes.Of(context, failure));
            LogDone(context, guarded.Request, guarded.Decision, guarded.Charged);
        }
    }

    private Task RefuseAsync(HttpContext context, ModelRequestError error)
    {
        GuardLog.RequestRefused(logger, error.Status, error.Message);
        return responses.RefuseAsync(context, error);
    }

    private void LogDecision(HttpContext context, BudgetRequest request, in BudgetDecision decision)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            GuardLog.Guarded(
                logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), request.Subject.User, request.Operation,
                GuardLog.Printable(request.Model), request.Amount.GetValueOrDefault().Cost, DecisionNames.Of(decision.Kind), decision.Budget);
        }
    }

    private void LogDone(HttpContext context, BudgetRequest request, in BudgetDecision decision, in Charge charged)
    {
        if (settings.Current.EnableRequestLogging && logger.IsEnabled(LogLevel.Information))
        {
            GuardLog.RequestDone(
                logger, GuardLog.Printable(context.Request.Method), GuardLog.Printable(context.Request.Path), DecisionNames.Of(decision.Kind), decision.Budget,
                request.Subject.User, request.Operation, GuardLog.Printable(request.Model), context.Response.StatusCode, charged.Cost);
        }
    }
}
