using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Filtering;

/// <summary>All that an endpoint says to the guard, put together once.</summary>
internal sealed class EndpointTerms
{
    private static readonly ConditionalWeakTable<Endpoint, EndpointTerms> ByEndpoint = [];

    private EndpointTerms(Endpoint endpoint)
    {
        var budgets = ImmutableArray.CreateBuilder<string>();
        foreach (IBudgetGuardMetadata metadata in endpoint.Metadata.GetOrderedMetadata<IBudgetGuardMetadata>())
        {
            switch (metadata)
            {
                case DisableBudgetGuardAttribute:
                    IsDisabled = true;
                    break;
                case RequireBudgetAttribute required:
                    IsRequired = true;
                    budgets.AddRange(required.Budgets);
                    break;
                case BudgetOperationAttribute operation:
                    Operation = operation.Operation;
                    break;
                case BudgetCostAttribute cost:
                    Cost = cost.Cost;
                    break;
                case ModelApiAttribute api:
                    ModelApiName = api.Name;
                    break;
                case ResponseFormatMetadata shape:
                    ResponseFormat = shape.Format;
                    break;
            }
        }

        RequiredBudgets = budgets.ToImmutable();
        ModelApi = ModelApiName is null ? null : ModelApis.Find(ModelApiName);
    }

    public bool IsDisabled { get; }

    public bool IsRequired { get; }

    /// <summary>The budgets the endpoint names; boxed once so that requests share it.</summary>
    public IReadOnlyList<string> RequiredBudgets { get; }

    public string? Operation { get; }

    public Money? Cost { get; }

    public string? ModelApiName { get; }

    public ModelApi? ModelApi { get; }

    /// <summary>The shape of what the guard answers; null leaves it to the setting.</summary>
    public ResponseFormat? ResponseFormat { get; }

    /// <summary>The endpoint's terms, or null for one that says nothing.</summary>
    public static EndpointTerms? Of(Endpoint? endpoint)
    {
        if (endpoint?.Metadata.GetMetadata<IBudgetGuardMetadata>() is null)
        {
            return null;
        }

        return ByEndpoint.GetValue(endpoint, static e => new EndpointTerms(e));
    }
}
