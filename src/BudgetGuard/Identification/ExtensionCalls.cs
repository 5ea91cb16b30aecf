using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Identification;

/// <summary>
/// Calls extension points of the app. Every wait is bounded. A failure is told of; open, the default's answer stands in; closed, the guard is unavailable.
/// A fault of the client is neither: it goes on as it is.
/// </summary>
internal sealed class ExtensionCalls(SettingsSource settings, FailureLog failures, TimeProvider time)
{
    /// <summary>Calls one; <see cref="Answer{T}.IsGiven"/> is false if it failed and the default's answer stands.</summary>
    /// <exception cref="BudgetGuardUnavailableException">It failed, and <c>FailOpen</c> is false.</exception>
    public async ValueTask<Answer<T>> CallAsync<TState, T>(
        FailureKind kind, TState state, HttpContext context, Func<TState, HttpContext, CancellationToken, ValueTask<T>> call)
    {
        CancellationToken aborted = context.RequestAborted;
        try
        {
            ValueTask<T> answer = call(state, context, aborted);
            return new Answer<T>(answer.IsCompleted
                ? await answer.ConfigureAwait(false)
                : await answer.AsTask().WaitAsync(settings.Current.StoreTimeout, time, aborted).ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is not BadHttpRequestException and not BudgetGuardUnavailableException
            && !(failure is OperationCanceledException && aborted.IsCancellationRequested))
        {
            failures.Report(kind, failure);
            if (!settings.Current.FailOpen)
            {
                throw new BudgetGuardUnavailableException("Budget guard unavailable", failure);
            }

            return default;
        }
    }
}

/// <summary>What an extension point answered, if it did.</summary>
internal readonly struct Answer<T>(T value)
{
    public bool IsGiven { get; } = true;

    public T Value { get; } = value;
}
