namespace BudgetGuard.Gateway.Routing;

/// <summary>One route: what it is to the guard, and what answers while there is no upstream.</summary>
/// <param name="Method">The one method it takes.</param>
/// <param name="Pattern">Its path at the provider; the same under the vendor's prefix.</param>
/// <param name="Vendor">Whose upstream it goes to.</param>
/// <param name="Operation">The operation its requests are.</param>
/// <param name="ModelApi">The model API its bodies are estimated and metered by; null: none, or the path tells it together with the model.</param>
/// <param name="IsFree">It costs nothing, and is limited in rate instead.</param>
/// <param name="Simulated">Answers while there is no upstream; null: 501.</param>
internal sealed record GatewayRoute(
    string Method, string Pattern, Vendor Vendor, string Operation, string? ModelApi, bool IsFree, RequestDelegate? Simulated);
