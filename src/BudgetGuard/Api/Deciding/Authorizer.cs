using System.Globalization;
using System.Text;
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

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// Answers a proxy that asks about each request of its clients. Nobody tells afterwards what a request used, so its estimate is held and charged at once; where
/// its body cannot be seen, that is the most that a request to its path may cost.
/// </summary>
internal sealed class Authorizer(
    RequestAssessor assessor,
    Admission admission,
    Settler settler,
    IPriceCatalog catalog,
    GuardResponses responses,
    RequestLog log,
    SettingsSource settings,
    TimeProvider time)
{
    private const string StatusHeader = "X-BudgetGuard-Status";
    private const string BodyHeader = "X-BudgetGuard-Body";
    private const string PartialHeader = "X-Envoy-Auth-Partial-Body";

    private static readonly ModelRequestError Partial = new(413, "body_too_large", "Only a part of the body was forwarded, so that what it asks for is not known.");

    public async Task AnswerAsync(HttpContext context)
    {
        (ForwardedCall asked, Problem? problem) = ForwardedCall.Read(context);
        if (problem is not null)
        {
            await problem.ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        if (asked.Profile == ProxyProfile.Nginx)
        {
            await AnswerInHeadersAsync(context, asked).ConfigureAwait(false);
        }
        else
        {
            await JudgeAsync(context, asked).ConfigureAwait(false);
        }
    }

    /// <summary>Says a denial by headers of a 403: nginx knows no other status, and throws the body away.</summary>
    private async Task AnswerInHeadersAsync(HttpContext context, ForwardedCall asked)
    {
        HttpResponse response = context.Response;
        Stream body = response.Body;
        using var denial = new MemoryStream();
        response.Body = denial;
        try
        {
            await JudgeAsync(context, asked).ConfigureAwait(false);
        }
        finally
        {
            response.Body = body;
        }

        if (response.StatusCode < StatusCodes.Status400BadRequest)
        {
            return;
        }

        // JSON is written in ASCII here, on one line: it may be a header as it is.
        byte[] written = denial.ToArray();
        response.Headers[StatusHeader] = response.StatusCode.ToString(CultureInfo.InvariantCulture);
        response.Headers[BodyHeader] = Encoding.ASCII.GetString(written);
        response.StatusCode = StatusCodes.Status403Forbidden;
        response.ContentLength = written.Length;
        await response.Body.WriteAsync(written, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task JudgeAsync(HttpContext context, ForwardedCall asked)
    {
        HttpContext forwarded = Forwarded(context, asked);
        string path = asked.Path.Value ?? string.Empty;
        ModelApi? api = ModelApis.Match(path, out string? modelFromPath);
        bool mayCallModel = api is not null && InspectedBody.MayCallModel(forwarded);
        if (RequestFilter.Judge(forwarded, path, null, mayCallModel, settings.Current) != FilterVerdict.Guarded)
        {
            Pass(context, asked.Profile);
            return;
        }

        if (!mayCallModel)
        {
            await DecideAsync(context, forwarded, asked.Profile, null).ConfigureAwait(false);
        }
        else if (asked.Profile == ProxyProfile.Nginx || !HasBody(context))
        {
            await DecideAsync(context, forwarded, asked.Profile, new ModelCall(api!, Unseen(api!, modelFromPath))).ConfigureAwait(false);
        }
        else if (string.Equals(context.Request.Headers[PartialHeader], "true", StringComparison.OrdinalIgnoreCase))
        {
            await responses.RefuseAsync(context, Partial).ConfigureAwait(false);
        }
        else
        {
            await DecideSeenAsync(context, forwarded, asked.Profile, api!, modelFromPath).ConfigureAwait(false);
        }
    }

    /// <summary>A request whose body nobody sees: it may ask for all that its model reads and writes.</summary>
    private ModelRequest Unseen(ModelApi api, string? model) => new()
    {
        Model = model,
        HasHiddenInput = true,
        MaxOutputTokens = (model is null ? null : catalog.Find(model, api.Provider)?.MaxOutputTokens) ?? settings.Current.DefaultMaxOutputTokens,
    };

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? context.Request.ContentLength is null or > 0;

    private static HttpContext Forwarded(HttpContext context, in ForwardedCall asked)
    {
        var headers = new HeaderDictionary();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in context.Request.Headers)
        {
            headers[name] = value;
        }

        return OtherRequest.In(context, asked.Method, asked.Path, asked.Query, headers, context.Request.Body);
    }

    private static void Pass(HttpContext context, ProxyProfile profile) =>
        context.Response.StatusCode = profile == ProxyProfile.Nginx ? StatusCodes.Status204NoContent : StatusCodes.Status200OK;

    private async Task DecideSeenAsync(HttpContext context, HttpContext forwarded, ProxyProfile profile, ModelApi api, string? modelFromPath)
    {
        using InspectedBody body = await InspectedBody.ReadAsync(
            forwarded, api, modelFromPath, settings.Current.MaxInspectedBodyBytes, InspectedBody.ReadTimeout, time, context.RequestAborted).ConfigureAwait(false);
        if (body.Error is { } error)
        {
            log.Refused(forwarded, error);
            await responses.RefuseAsync(context, error).ConfigureAwait(false);
            return;
        }

        await DecideAsync(context, forwarded, profile, new ModelCall(api, body.Request!)).ConfigureAwait(false);
    }

    private async Task DecideAsync(HttpContext context, HttpContext forwarded, ProxyProfile profile, ModelCall? call)
    {
        if (call is not null)
        {
            forwarded.Features.Set(call);
        }

        try
        {
            long started = admission.Start();
            GuardedRequest request = await assessor.AssessAsync(forwarded, null, call).ConfigureAwait(false);
            Charge whole = request.Estimated;
            request.Stream = null;
            request.Amount = whole;
            BudgetDecision decision = await admission.DecideAsync(request, started, context.RequestAborted).ConfigureAwait(false);
            if (decision.Denial is { } denial)
            {
                log.Done(forwarded, request, decision, default, GuardResponses.StatusOf(denial));
                await responses.DenyAsync(context, request, denial).ConfigureAwait(false);
                return;
            }

            request.Admit(settler, decision);
            await request.EndAsync(RequestOutcome.EstimateUsed).ConfigureAwait(false);
            Pass(context, profile);
            responses.AddHeaders(context.Response, request);
            log.Done(forwarded, request, null);
        }
        catch (BadHttpRequestException refused)
        {
            await responses.RefuseAsync(context, new ModelRequestError(refused.StatusCode, "invalid_request", refused.Message)).ConfigureAwait(false);
        }
        catch (BudgetGuardUnavailableException)
        {
            log.Undecided(forwarded, "unavailable", StatusCodes.Status503ServiceUnavailable);
            await responses.UnavailableAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The proxy left before anything was held.
            await responses.RefuseAsync(context, ModelRequestError.ClientLeft).ConfigureAwait(false);
        }
    }
}
