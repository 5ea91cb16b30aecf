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
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard;

/// <summary>
/// A request's way through the guard: filter, identify, estimate, decide, run the app while its response is metered, settle.
/// It stands after routing, because endpoints say what they cost, and before everything that costs money.
/// </summary>
/// <remarks>
/// The steps are not async methods: a request whose every step is at hand, as with the defaults and the in-memory tracker, pays for no state machine.
/// A result is only read of a step that is complete. Features are read by their type, because a generic call through an interface is looked up each time.
/// </remarks>
internal sealed class BudgetGuardMiddleware(
    RequestDelegate next,
    SettingsSource settings,
    RequestAssessor assessor,
    Admission admission,
    Settler settler,
    UsageReaders usageReaders,
    GuardResponses responses,
    FailureLog failures,
    TimeProvider time,
    RequestLog log)
{
    public Task InvokeAsync(HttpContext context)
    {
        IFeatureCollection features = context.Features;
        Endpoint? endpoint = ((IEndpointFeature?)features[typeof(IEndpointFeature)])?.Endpoint;

        // Error pages run the pipeline again, and an app may call UseBudgetGuard twice: one request is decided and charged once.
        if (features[typeof(IBudgetGuardFeature)] is GuardedRequest guarded)
        {
            guarded.SeenEndpoint = endpoint;
            return next(context);
        }

        GuardSettings current = settings.Current;
        EndpointTerms? terms = EndpointTerms.Of(endpoint);
        string path = context.Request.Path.Value ?? string.Empty;
        ModelApi? api = ModelApis.Match(path, out string? modelFromPath);
        if (terms?.ModelApi is { } named && named != api)
        {
            // What the path of another API would say of a model is nothing here.
            (api, modelFromPath) = (named, null);
        }

        bool mayCallModel = api is not null && InspectedBody.MayCallModel(context);
        FilterVerdict verdict = RequestFilter.Judge(context, path, terms, mayCallModel, current);
        if (verdict == FilterVerdict.Guarded)
        {
            if (api is not null && UpgradeRequests.Is(features))
            {
                return RefuseAsync(context, ModelRequestError.Upgrade);
            }

            return mayCallModel ? GuardModelCallAsync(context, endpoint, terms, api!, modelFromPath) : GuardAsync(context, endpoint, terms, null);
        }

        if (terms is not null)
        {
            context.Features.Set(new GuardVisit(endpoint!));
        }

        if (log.IsDebug)
        {
            log.NotGuarded(context, verdict);
        }

        return next(context);
    }

    private async Task GuardModelCallAsync(HttpContext context, Endpoint? endpoint, EndpointTerms? terms, ModelApi api, string? modelFromPath)
    {
        using InspectedBody body = await InspectedBody.ReadAsync(
            context, api, modelFromPath, settings.Current.MaxInspectedBodyBytes, InspectedBody.ReadTimeout, time, context.RequestAborted);
        if (body.Error is { } error)
        {
            await RefuseAsync(context, error);
            return;
        }

        ModelCall call = await ModelCallReader.ReadAsync(context, api, body, settings.Current);
        context.Features.Set(call);
        await GuardAsync(context, endpoint, terms, call);
    }

    private Task GuardAsync(HttpContext context, Endpoint? endpoint, EndpointTerms? terms, ModelCall? call)
    {
        try
        {
            long started = admission.Start();
            if (assessor.TryAssess(context, terms, call) is not { } request)
            {
                return AwaitAsync(assessor.AssessAsync(context, terms, call), started, context, endpoint, call);
            }

            if (!admission.TryAllow(request, started, out Grant grant))
            {
                return AwaitAsync(admission.DecideAsync(request, started, context.RequestAborted), context, endpoint, call, request);
            }

            request.Admit(settler, grant);
            return RunAsync(context, endpoint, call, request);
        }
        catch (Exception fault) when (IsAnswered(fault, context))
        {
            return AnswerAsync(context, fault);
        }
    }

    private async Task AwaitAsync(ValueTask<GuardedRequest> assessing, long started, HttpContext context, Endpoint? endpoint, ModelCall? call)
    {
        GuardedRequest request;
        try
        {
            request = await assessing;
        }
        catch (Exception fault) when (IsAnswered(fault, context))
        {
            await AnswerAsync(context, fault);
            return;
        }

        await AwaitAsync(admission.DecideAsync(request, started, context.RequestAborted), context, endpoint, call, request);
    }

    private async Task AwaitAsync(
        ValueTask<BudgetDecision> deciding, HttpContext context, Endpoint? endpoint, ModelCall? call, GuardedRequest request)
    {
        BudgetDecision decision;
        try
        {
            decision = await deciding;
        }
        catch (Exception fault) when (IsAnswered(fault, context))
        {
            await AnswerAsync(context, fault);
            return;
        }

        await ActAsync(context, endpoint, call, request, decision);
    }

    private Task ActAsync(HttpContext context, Endpoint? endpoint, ModelCall? call, GuardedRequest request, in BudgetDecision decision)
    {
        if (decision.Denial is { } denial)
        {
            if (log.IsDebug)
            {
                log.Decision(context, request, decision);
            }

            log.Done(context, request, decision, default, GuardResponses.StatusOf(denial));
            return responses.DenyAsync(context, request, denial);
        }

        request.Admit(settler, decision);
        return RunAsync(context, endpoint, call, request);
    }

    /// <summary>Runs the app for an admitted request, and settles.</summary>
    private Task RunAsync(HttpContext context, Endpoint? endpoint, ModelCall? call, GuardedRequest request)
    {
        if (log.IsDebug)
        {
            log.Decision(context, request, request.Decision);
        }

        request.SeenEndpoint = endpoint;

        // Headers first: a new feature makes the context look up anew what it knows of the others.
        responses.AddHeaders(context.Response, request);
        context.Features[typeof(IBudgetGuardFeature)] = request;
        bool isMetered = call is not null && settings.Current.EnableCostTracking;
        GatedResponse? gated = isMetered && (request.Stream is not null || call!.RemovesUsage) ? GatedResponse.Attach(context, call!, failures) : null;
        ResponseMeter? meter = isMetered ? ResponseMeter.Attach(
            context, usageReaders.For(call!.Api.Name), request.SettleAtUsageAsync, failures.ReportMetering, request.Stream, gated?.Gate) : null;
        Task run;
        try
        {
            run = next(context);
        }
        catch (Exception thrown)
        {
            run = Task.FromException(thrown);
        }

        if (meter is not null || !run.IsCompletedSuccessfully)
        {
            return gated is null ? AwaitAsync(run, context, request, meter, call) : AwaitAsync(run, context, request, meter, call, gated);
        }

        ValueTask ending = request.EndAsync(Outcomes.Of(context, null));
        log.Done(context, request, null);
        return ending.IsCompletedSuccessfully ? Task.CompletedTask : ending.AsTask();
    }

    private async Task AwaitAsync(Task run, HttpContext context, GuardedRequest guarded, ResponseMeter? meter, ModelCall? call)
    {
        Exception? failure = null;
        try
        {
            await run;
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

            RequestOutcome outcome = Outcomes.Of(context, failure);
            bool brokeOff = outcome == RequestOutcome.NothingUsed && meter is { SawAnswer: true };
            await guarded.EndAsync(brokeOff ? RequestOutcome.CutShort : outcome, meter?.StreamReading, call);
            log.Done(context, guarded, failure);
        }
    }

    private async Task AwaitAsync(
        Task run, HttpContext context, GuardedRequest guarded, ResponseMeter? meter, ModelCall? call, GatedResponse gated)
    {
        using (gated)
        {
            await AwaitAsync(FinishAsync(run, gated), context, guarded, meter, call);
        }
    }

    /// <summary>Ends an answer that passed the gate. How an app fails whose stream was ended for it is no failure: the answer is whole.</summary>
    private static async Task FinishAsync(Task run, GatedResponse gated)
    {
        try
        {
            await run;
        }
        catch (Exception) when (gated.Gate.IsOver)
        {
            return;
        }

        await gated.FinishAsync();
    }

    /// <summary>True for what the guard answers itself: the client's fault, its own failure when closed, and a client that left before anything was held.</summary>
    private static bool IsAnswered(Exception fault, HttpContext context) => fault switch
    {
        // What the app throws is the app's, and was settled on its way here.
        _ when context.Features.Get<IBudgetGuardFeature>() is not null => false,
        BadHttpRequestException or BudgetGuardUnavailableException => true,
        _ => fault is OperationCanceledException && context.RequestAborted.IsCancellationRequested,
    };

    private Task AnswerAsync(HttpContext context, Exception fault) => fault switch
    {
        BadHttpRequestException refused => RefuseAsync(context, new ModelRequestError(refused.StatusCode, "invalid_request", refused.Message)),
        BudgetGuardUnavailableException => AnswerUnavailableAsync(context),
        _ => RefuseAsync(context, ModelRequestError.ClientLeft),
    };

    private Task AnswerUnavailableAsync(HttpContext context)
    {
        log.Undecided(context, "unavailable", StatusCodes.Status503ServiceUnavailable);
        return responses.UnavailableAsync(context);
    }

    private Task RefuseAsync(HttpContext context, ModelRequestError error)
    {
        log.Refused(context, error);
        return responses.RefuseAsync(context, error);
    }
}
