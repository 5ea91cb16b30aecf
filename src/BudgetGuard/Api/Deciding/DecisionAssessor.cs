using System.Runtime.InteropServices;
using System.Text.Json;
using BudgetGuard.Configuration;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Deciding;

/// <summary>Turns what a caller asks into what the policy decides on, costed as the middleware would cost the request itself.</summary>
internal sealed class DecisionAssessor(RequestEstimator estimator, HoldNotes notes, SettingsSource settings)
{
    /// <summary>The longest that a hold may last, in seconds: a day.</summary>
    public const int MostTtlSeconds = 86_400;

    private const int MostPath = 2_048;

    /// <exception cref="BudgetGuardUnavailableException">The app's estimator failed, and <c>FailOpen</c> is false.</exception>
    public async ValueTask<(DecisionTerms? Terms, Problem? Problem)> AssessAsync(HttpContext context, DecisionInput input)
    {
        if (FaultOf(input) is { } fault)
        {
            return (null, fault);
        }

        string? modelFromPath = null;
        ModelApi? api = input.Path is { } path ? ModelApis.Match(PathOf(path).Value ?? string.Empty, out modelFromPath) : null;

        ModelCall? call = null;
        if (input.Request is { } body && TryReadCall(body, input.Path, ref api, modelFromPath, out call) is { } unread)
        {
            return (null, unread);
        }

        string? model = call?.Request.Model ?? modelFromPath;
        if (model is not null && input.Model is not null && !string.Equals(model, input.Model, StringComparison.OrdinalIgnoreCase))
        {
            return (null, Problem.Of("model", "is another model than the one that request or path name"));
        }

        TimeSpan ttl = input.TtlSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : settings.Current.HoldTimeout;
        var subject = new BudgetSubject(input.User) { Team = input.Team };
        HoldId id = notes.AreShared ? DecidedHold.NewId() : default;
        var request = new DecisionRequest(
            subject, input.Operation ?? api?.Operation ?? BudgetRequest.DefaultOperation, model ?? input.Model, ttl, id);
        return await EstimateAsync(context, input, request, call).ConfigureAwait(false) ?? (new DecisionTerms(request, ttl, api), null);
    }

    private async ValueTask<(DecisionTerms? Terms, Problem? Problem)?> EstimateAsync(
        HttpContext context, DecisionInput input, DecisionRequest request, ModelCall? call)
    {
        if (input.EstimatedCost is { } cost)
        {
            request.Amount = new Charge(cost.Value);
            return null;
        }

        try
        {
            request.Amount = await estimator.EstimateAsync(Described(context, input, call), request, null, call).ConfigureAwait(false);
            return null;
        }
        catch (BadHttpRequestException refused)
        {
            return (null, Problem.Of(refused.StatusCode, "invalid_request", refused.Message));
        }
    }

    private static Problem? FaultOf(DecisionInput input)
    {
        if (input.User is null)
        {
            return Problem.Of("user", "must be there");
        }

        if (input.EstimatedCost is not null && input.Request is not null)
        {
            return Problem.Of("estimated_cost", "must not be there beside 'request': one of them says what it may cost");
        }

        return FaultOf("id", input.Id)
            ?? FaultOf("user", input.User)
            ?? FaultOf("operation", input.Operation)
            ?? FaultOf("model", input.Model)
            ?? FaultOf("team", input.Team)
            ?? FaultOfPath(input.Path)
            ?? (input.EstimatedCost is { Problem: { } wrong } ? Problem.Of("estimated_cost", wrong) : null)
            ?? (input.TtlSeconds is < 1 or > MostTtlSeconds ? Problem.Of("ttl_seconds", $"must be from 1 to {MostTtlSeconds}") : null)
            ?? (input.Request is { ValueKind: not JsonValueKind.Object } ? Problem.Of("request", "must be the JSON object that the model API is sent") : null);
    }

    public static Problem? FaultOf(string field, string? name) => name switch
    {
        null => null,
        _ when string.IsNullOrWhiteSpace(name) => Problem.Of(field, "must not be empty"),
        { Length: > SubjectRules.MaxLength } => Problem.Of(field, $"must not be longer than {SubjectRules.MaxLength} characters"),
        _ => SubjectRules.IsShowable(name) ? null : Problem.Of(field, "must not have control or format characters"),
    };

    private static Problem? FaultOfPath(string? path) => path switch
    {
        null => null,
        { Length: > MostPath } => Problem.Of("path", $"must not be longer than {MostPath} characters"),
        _ => OtherRequest.IsTarget(path) ? null : Problem.Of("path", "must begin with '/' and have no control characters"),
    };

    private static Problem? TryReadCall(JsonElement body, string? path, ref ModelApi? api, string? modelFromPath, out ModelCall? call)
    {
        call = null;
        if (api is null && path is not null)
        {
            return Problem.Of("path", "is not the path of a model API that the guard knows, so that 'request' cannot be costed");
        }

        api ??= BodyApi.Of(body);
        if (api is null)
        {
            return Problem.Of("request", "may be for more than one model API; say by 'path' where it goes, for example /v1/chat/completions");
        }

        // The text as it came, not as it was understood: what reads it next has rules of its own for what is ambiguous.
        if (ModelRequestReader.TryRead(JsonMarshal.GetRawUtf8Value(body), api, modelFromPath, out ModelRequest? request) is { } error)
        {
            return Problem.Of("request", $"cannot be costed: {error.Message.TrimEnd('.')}", error.Status);
        }

        call = new ModelCall(api, request!);
        return null;
    }

    /// <summary>The request that was described, for an estimator of the app's own.</summary>
    private static HttpContext Described(HttpContext context, DecisionInput input, ModelCall? call)
    {
        byte[] body = input.Request is { } request ? JsonMarshal.GetRawUtf8Value(request).ToArray() : [];
        IHeaderDictionary headers = new HeaderDictionary();
        headers.ContentType = "application/json";
        headers.ContentLength = body.Length;
        HttpContext described = OtherRequest.In(
            context, HttpMethods.Post, PathOf(input.Path ?? "/"), string.Empty, headers, new MemoryStream(body, writable: false));
        if (call is not null)
        {
            described.Features.Set(call);
        }

        return described;
    }

    private static PathString PathOf(string target)
    {
        int end = target.AsSpan().IndexOfAny('?', '#');
        return PathString.FromUriComponent(end < 0 ? target : target[..end]);
    }
}
