using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace BudgetGuard.Api.Administration;

/// <summary>One parameter of a route, as documents look for it; the route reads it itself.</summary>
internal sealed class ApiParameter(ParameterInfo parameter) : IParameterBindingMetadata
{
    public string Name { get; } = parameter.Name!;

    /// <summary>That a value is text which is parsed is what documents make a type of.</summary>
    public bool HasTryParse { get; } = parameter.ParameterType.IsValueType;

    public bool HasBindAsync => false;

    public ParameterInfo ParameterInfo { get; } = parameter;

    public bool IsOptional { get; } = new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;
}
