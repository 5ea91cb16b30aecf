using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Identification;

/// <summary>What the app registered in place of one of the guard's defaults: found once, and made for each request only where it is scoped or transient.</summary>
internal sealed class ExtensionPoint<T>
    where T : class
{
    private readonly T? _single;
    private readonly bool _isPerRequest;

    /// <param name="services">The registrations; the last of a type counts.</param>
    /// <param name="root">Where singletons come from.</param>
    public ExtensionPoint(IServiceCollection services, IServiceProvider root)
    {
        ServiceDescriptor? last = services.LastOrDefault(static service => service.ServiceType == typeof(T) && !service.IsKeyedService);
        if (last is null || IsDefault(last))
        {
            return;
        }

        HasCustom = true;
        _isPerRequest = last.Lifetime != ServiceLifetime.Singleton;
        _single = _isPerRequest ? null : root.GetRequiredService<T>();
    }

    /// <summary>True if the app registered one.</summary>
    public bool HasCustom { get; }

    /// <summary>The app's own; null where the default stands alone.</summary>
    public T? Of(HttpContext context) => _isPerRequest ? context.RequestServices.GetRequiredService<T>() : _single;

    private static bool IsDefault(ServiceDescriptor service) => service.ImplementationType?.Assembly == typeof(ExtensionPoint<T>).Assembly;
}
