using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Filtering;

/// <summary>A feature that says: the guard saw this endpoint and let the request pass unguarded.</summary>
internal sealed record GuardVisit(Endpoint Endpoint);
