using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Identification;

internal sealed class DelegateUserExtractor(Func<HttpContext, CancellationToken, ValueTask<BudgetSubject?>> extract) : IUserExtractor
{
    public ValueTask<BudgetSubject?> ExtractAsync(HttpContext context, CancellationToken cancellationToken) => extract(context, cancellationToken);
}

internal sealed class DelegateOperationExtractor(Func<HttpContext, CancellationToken, ValueTask<string?>> extract) : IOperationExtractor
{
    public ValueTask<string?> ExtractAsync(HttpContext context, CancellationToken cancellationToken) => extract(context, cancellationToken);
}

internal sealed class DelegateModelExtractor(Func<HttpContext, CancellationToken, ValueTask<string?>> extract) : IModelExtractor
{
    public ValueTask<string?> ExtractAsync(HttpContext context, CancellationToken cancellationToken) => extract(context, cancellationToken);
}
