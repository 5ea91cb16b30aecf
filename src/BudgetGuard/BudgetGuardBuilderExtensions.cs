using System.Diagnostics.CodeAnalysis;
using BudgetGuard;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Shortcuts for extension points. Each replaces what was registered before; classes with dependencies are registered as services instead.</summary>
public static class BudgetGuardBuilderExtensions
{
    /// <summary>Tells who pays: a user name; null means anonymous.</summary>
    public static IBudgetGuardBuilder UseUserExtractor(this IBudgetGuardBuilder builder, Func<HttpContext, string?> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.UseUserExtractor((context, _) => new ValueTask<BudgetSubject?>(extract(context) is { } user ? new BudgetSubject(user) : null));
    }

    /// <summary>Tells who pays, with team, API key and tags; null means anonymous.</summary>
    public static IBudgetGuardBuilder UseUserExtractor(this IBudgetGuardBuilder builder, Func<HttpContext, BudgetSubject?> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.UseUserExtractor((context, _) => new ValueTask<BudgetSubject?>(extract(context)));
    }

    /// <summary>Tells who pays; null means anonymous. Takes at most <see cref="BudgetGuardOptions.StoreTimeout"/>.</summary>
    public static IBudgetGuardBuilder UseUserExtractor(
        this IBudgetGuardBuilder builder, Func<HttpContext, CancellationToken, ValueTask<BudgetSubject?>> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.Use<IUserExtractor>(new DelegateUserExtractor(extract));
    }

    /// <summary>Tells which operation a request is; null: the default's answer stands.</summary>
    public static IBudgetGuardBuilder UseOperationExtractor(this IBudgetGuardBuilder builder, Func<HttpContext, string?> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.UseOperationExtractor((context, _) => new ValueTask<string?>(extract(context)));
    }

    /// <summary>Tells which operation a request is; null: the default's answer stands. Takes at most <see cref="BudgetGuardOptions.StoreTimeout"/>.</summary>
    public static IBudgetGuardBuilder UseOperationExtractor(
        this IBudgetGuardBuilder builder, Func<HttpContext, CancellationToken, ValueTask<string?>> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.Use<IOperationExtractor>(new DelegateOperationExtractor(extract));
    }

    /// <summary>Tells which model a request is for; null: the default's answer stands.</summary>
    public static IBudgetGuardBuilder UseModelExtractor(this IBudgetGuardBuilder builder, Func<HttpContext, string?> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.UseModelExtractor((context, _) => new ValueTask<string?>(extract(context)));
    }

    /// <summary>Tells which model a request is for; null: the default's answer stands. Takes at most <see cref="BudgetGuardOptions.StoreTimeout"/>.</summary>
    public static IBudgetGuardBuilder UseModelExtractor(
        this IBudgetGuardBuilder builder, Func<HttpContext, CancellationToken, ValueTask<string?>> extract)
    {
        ArgumentNullException.ThrowIfNull(extract);
        return builder.Use<IModelExtractor>(new DelegateModelExtractor(extract));
    }

    /// <summary>Tells what a request may cost at most, in US dollars; null: the default's answer stands. A negative cost is a failure of the estimator.</summary>
    public static IBudgetGuardBuilder UseCostEstimator(this IBudgetGuardBuilder builder, Func<HttpContext, decimal?> estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return builder.UseCostEstimator((context, _) => new ValueTask<decimal?>(estimate(context)));
    }

    /// <summary>
    /// Tells what a request may cost at most, in US dollars; null: the default's answer stands. A negative cost is a failure of the estimator.
    /// Takes at most <see cref="BudgetGuardOptions.StoreTimeout"/>.
    /// </summary>
    public static IBudgetGuardBuilder UseCostEstimator(
        this IBudgetGuardBuilder builder, Func<HttpContext, CancellationToken, ValueTask<decimal?>> estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return builder.Use<ICostEstimator>(new DelegateCostEstimator(estimate));
    }

    /// <summary>Adds a sink that alerts are sent to, beside the log.</summary>
    public static IBudgetGuardBuilder AddAlertSink<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(
        this IBudgetGuardBuilder builder)
        where T : class, IAlertSink
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IAlertSink, T>());
        return builder;
    }

    private static IBudgetGuardBuilder Use<T>(this IBudgetGuardBuilder builder, T instance)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Replace(ServiceDescriptor.Singleton(instance));
        return builder;
    }
}
