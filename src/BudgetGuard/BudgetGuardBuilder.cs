using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard;

/// <summary>Extends a guard that <c>AddBudgetGuard</c> registered.</summary>
public interface IBudgetGuardBuilder
{
    /// <summary>The services the guard was added to.</summary>
    IServiceCollection Services { get; }
}

internal sealed class BudgetGuardBuilder(IServiceCollection services) : IBudgetGuardBuilder
{
    public IServiceCollection Services { get; } = services;
}
