using BudgetGuard;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace Microsoft.AspNetCore.Builder;

/// <summary>What an endpoint says to the guard.</summary>
public static class BudgetGuardEndpointExtensions
{
    /// <summary>Guards the endpoint whatever the path filters say, and charges it to the explicit budgets it names.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="budgets">Names of configured budgets; an unknown one fails at start-up. None: only that it is guarded.</param>
    public static TBuilder RequireBudget<TBuilder>(this TBuilder builder, params string[] budgets)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(budgets);
        return builder.Guarded(new RequireBudgetAttribute(budgets));
    }

    /// <summary>Leaves the endpoint unguarded; beats everything.</summary>
    public static TBuilder DisableBudgetGuard<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.With(DisableBudgetGuardAttribute.Instance);

    /// <summary>Names the operation of the endpoint, for example <c>chat_completion</c>.</summary>
    public static TBuilder WithOperation<TBuilder>(this TBuilder builder, string operation)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(operation);
        return builder.With(new BudgetOperationAttribute(operation));
    }

    /// <summary>Says what a request to the endpoint costs, in US dollars; beats every estimator.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The cost is negative.</exception>
    public static TBuilder WithCost<TBuilder>(this TBuilder builder, decimal usd)
        where TBuilder : IEndpointConventionBuilder =>
        builder.Guarded(new BudgetCostAttribute(usd));

    /// <summary>Says that bodies and answers of the endpoint are those of a known model API, so that it is estimated and metered like it.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="name">
    /// One of <c>openai.chat</c>, <c>openai.completions</c>, <c>openai.responses</c>, <c>openai.embeddings</c>, <c>anthropic.messages</c>,
    /// <c>gemini.generate</c>, <c>bedrock.converse</c>.
    /// </param>
    /// <exception cref="ArgumentException">No such API is known.</exception>
    public static TBuilder WithModelApi<TBuilder>(this TBuilder builder, string name)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return ModelApis.Find(name) is null
            ? throw new ArgumentException($"'{name}' is no known model API; expected one of {string.Join(", ", ModelApis.Names)}.", nameof(name))
            : builder.Guarded(new ModelApiAttribute(name));
    }

    /// <summary>Says in which shape the guard answers on the endpoint; beats the setting <see cref="BudgetGuardOptions.ResponseFormat"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The format is not one of the enumeration.</exception>
    public static TBuilder WithResponseFormat<TBuilder>(this TBuilder builder, ResponseFormat format)
        where TBuilder : IEndpointConventionBuilder =>
        Enum.IsDefined(format)
            ? builder.With(new ResponseFormatMetadata(format))
            : throw new ArgumentOutOfRangeException(nameof(format), format, "No such response format.");

    private static TBuilder With<TBuilder>(this TBuilder builder, object metadata)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Add(endpoint => endpoint.Metadata.Add(metadata));
        return builder;
    }

    private static TBuilder Guarded<TBuilder>(this TBuilder builder, object metadata)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.With(metadata);
        builder.Add(static endpoint =>
        {
            foreach (object denial in Denials)
            {
                if (!endpoint.Metadata.Contains(denial))
                {
                    endpoint.Metadata.Add(denial);
                }
            }
        });
        return builder;
    }

    /// <summary>What OpenAPI documents tell of a guarded endpoint.</summary>
    private static readonly object[] Denials =
    [
        new ProducesResponseTypeMetadata(StatusCodes.Status402PaymentRequired, typeof(void), []),
        new ProducesResponseTypeMetadata(StatusCodes.Status429TooManyRequests, typeof(void), []),
    ];
}
