using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Metering;

/// <summary>
/// The lifetime of a request whose stream may be ended early: the app's work is cancelled, the client's connection is not. An app or proxy that gives its
/// answer up for that would abort the connection; once the stream was cut, that is kept from it.
/// </summary>
internal sealed class CuttableLifetime : IHttpRequestLifetimeFeature, IHttpResetFeature, IDisposable
{
    private readonly IHttpRequestLifetimeFeature _inner;
    private readonly IHttpResetFeature? _reset;
    private readonly FailureLog _failures;
    private readonly CancellationTokenSource _cut;

    public CuttableLifetime(HttpContext context, FailureLog failures)
    {
        _inner = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        _reset = context.Features.Get<IHttpResetFeature>();
        _failures = failures;
        _cut = CancellationTokenSource.CreateLinkedTokenSource(_inner.RequestAborted);
        RequestAborted = _cut.Token;
        context.Features.Set<IHttpRequestLifetimeFeature>(this);
        if (_reset is not null)
        {
            context.Features.Set<IHttpResetFeature>(this);
        }
    }

    public CancellationToken RequestAborted { get; set; }

    /// <summary>True once the stream was ended early.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Cancels the app's work.</summary>
    public void Cut()
    {
        IsCut = true;
        Cancel();
    }

    /// <summary>Ends the connection, where the stream cannot be ended otherwise.</summary>
    public void AbortConnection()
    {
        _inner.Abort();
        Cut();
    }

    public void Abort()
    {
        if (!IsCut)
        {
            _inner.Abort();
            Cancel();
        }
    }

    public void Reset(int errorCode)
    {
        if (!IsCut)
        {
            _reset?.Reset(errorCode);
            Cancel();
        }
    }

    /// <summary>Gives the request its own lifetime back.</summary>
    public void Detach(HttpContext context)
    {
        context.Features.Set(_inner);
        if (_reset is not null)
        {
            context.Features.Set(_reset);
        }
    }

    public void Dispose() => _cut.Dispose();

    /// <summary>The server tells of an aborted connection a little later; who looks at how the request ended must see it at once.</summary>
    private void Cancel() => _ = _failures.WatchAsync(FailureKind.Metering, _cut.CancelAsync());
}
