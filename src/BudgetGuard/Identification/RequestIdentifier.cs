using BudgetGuard.Api;
using BudgetGuard.Diagnostics;
using BudgetGuard.Filtering;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Identification;

/// <summary>Works out who asks, for which operation, of which model: the app's extractors first, then the defaults. Every name is checked.</summary>
internal sealed class RequestIdentifier(
    DefaultUserExtractor defaultUser,
    ExtensionPoint<IUserExtractor> users,
    ExtensionPoint<IOperationExtractor> operations,
    ExtensionPoint<IModelExtractor> models,
    ExtensionCalls calls)
{
    /// <summary>True if the app has an extractor of its own, so that <see cref="IdentifyAsync"/> has to be asked.</summary>
    public bool HasCustom { get; } = users.HasCustom || operations.HasCustom || models.HasCustom;

    /// <summary>The request with everything but its amount, as the defaults find it.</summary>
    /// <exception cref="BadHttpRequestException">400: a name is ambiguous, too long or cannot be shown.</exception>
    public GuardedRequest Identify(HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        BudgetSubject subject = defaultUser.Extract(context);
        SubjectRules.Check(ref subject);
        return Identify(context, subject, null, null, terms, call);
    }

    /// <summary>The request with everything but its amount.</summary>
    /// <exception cref="BadHttpRequestException">400: a name is ambiguous, too long or cannot be shown.</exception>
    /// <exception cref="BudgetGuardUnavailableException">An extractor failed, and <c>FailOpen</c> is false.</exception>
    public async ValueTask<GuardedRequest> IdentifyAsync(HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        BudgetSubject subject = users.Of(context) is { } ownUser
            ? await ExtractUserAsync(ownUser, context).ConfigureAwait(false)
            : defaultUser.Extract(context);
        SubjectRules.Check(ref subject);
        string? operation = operations.Of(context) is { } ownOperation ? await ExtractAsync(ownOperation, context).ConfigureAwait(false) : null;
        string? model = models.Of(context) is { } ownModel ? await ExtractAsync(ownModel, context).ConfigureAwait(false) : null;
        SubjectRules.Check("operation", operation);
        SubjectRules.Check("model", model);
        return Identify(context, subject, operation, model, terms, call);
    }

    private static GuardedRequest Identify(
        HttpContext context, in BudgetSubject subject, string? operation, string? model, EndpointTerms? terms, ModelCall? call)
    {
        bool isOnlyClaimed = false;
        if (model is null)
        {
            model = DefaultModelExtractor.Extract(context, call);
            isOnlyClaimed = model is not null && call?.Request.Model is null;
        }

        return new GuardedRequest(
            subject, operation ?? DefaultOperationExtractor.Extract(terms, call?.Api), model, isOnlyClaimed, terms?.RequiredBudgets ?? []);
    }

    private async ValueTask<BudgetSubject> ExtractUserAsync(IUserExtractor extractor, HttpContext context)
    {
        Answer<BudgetSubject?> answer = await calls.CallAsync(
            FailureKind.UserExtractor, extractor, context, static (own, http, aborted) => own.ExtractAsync(http, aborted)).ConfigureAwait(false);
        return answer.IsGiven ? answer.Value ?? BudgetSubject.Anonymous : defaultUser.Extract(context);
    }

    private async ValueTask<string?> ExtractAsync(IOperationExtractor extractor, HttpContext context)
    {
        Answer<string?> answer = await calls.CallAsync(
            FailureKind.OperationExtractor, extractor, context, static (own, http, aborted) => own.ExtractAsync(http, aborted)).ConfigureAwait(false);
        return answer.Value;
    }

    private async ValueTask<string?> ExtractAsync(IModelExtractor extractor, HttpContext context)
    {
        Answer<string?> answer = await calls.CallAsync(
            FailureKind.ModelExtractor, extractor, context, static (own, http, aborted) => own.ExtractAsync(http, aborted)).ConfigureAwait(false);
        return answer.Value;
    }
}
