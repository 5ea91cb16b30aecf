using Microsoft.AspNetCore.Http;

namespace BudgetGuard;

/// <summary>Tells who pays for a request.</summary>
public interface IUserExtractor
{
    /// <summary>Returns the subject; null means anonymous. Throw <see cref="BadHttpRequestException"/> to refuse the request.</summary>
    ValueTask<BudgetSubject?> ExtractAsync(HttpContext context, CancellationToken cancellationToken);
}

/// <summary>Tells which operation a request is.</summary>
public interface IOperationExtractor
{
    /// <summary>Returns the operation; null means no opinion: the default's answer stands.</summary>
    ValueTask<string?> ExtractAsync(HttpContext context, CancellationToken cancellationToken);
}

/// <summary>Tells which model a request is for.</summary>
public interface IModelExtractor
{
    /// <summary>Returns the model; null means no opinion: the default's answer stands.</summary>
    ValueTask<string?> ExtractAsync(HttpContext context, CancellationToken cancellationToken);
}
