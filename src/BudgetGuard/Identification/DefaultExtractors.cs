using BudgetGuard.Filtering;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Identification;

/// <summary>The endpoint says which operation it is, else the model API it belongs to, else it is an <c>api_call</c>.</summary>
internal sealed class DefaultOperationExtractor : IOperationExtractor
{
    public static string Extract(EndpointTerms? terms, ModelApi? api) => terms?.Operation ?? api?.Operation ?? BudgetRequest.DefaultOperation;

    public ValueTask<string?> ExtractAsync(HttpContext context, CancellationToken cancellationToken) =>
        new(Extract(EndpointTerms.Of(context.GetEndpoint()), context.Features.Get<ModelCall>()?.Api));
}

/// <summary>The path or body of a known model API names the model, else the header <c>X-Model</c> does.</summary>
internal sealed class DefaultModelExtractor : IModelExtractor
{
    public const string Header = "X-Model";

    /// <exception cref="BadHttpRequestException">400: the header is there twice, too long, or cannot be shown.</exception>
    public static string? Extract(HttpContext context, ModelCall? call)
    {
        if (call?.Request.Model is { } model)
        {
            return model;
        }

        if (!context.Request.Headers.TryGetValue(Header, out StringValues values) || values.Count == 0 || string.IsNullOrWhiteSpace(values[0]))
        {
            return null;
        }

        if (values.Count > 1)
        {
            throw new BadHttpRequestException($"The header {Header} is given more than once.");
        }

        SubjectRules.Check("model", values[0]);
        return values[0];
    }

    public ValueTask<string?> ExtractAsync(HttpContext context, CancellationToken cancellationToken) =>
        new(Extract(context, context.Features.Get<ModelCall>()));
}
