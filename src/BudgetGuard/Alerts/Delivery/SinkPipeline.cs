using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>What is around each sink: retries, a circuit breaker that opens at the few calls alerts make, a time limit for each attempt.</summary>
internal sealed class SinkPipeline
{
    /// <summary>How long a sink that keeps failing is left alone.</summary>
    public static readonly TimeSpan BreakDuration = TimeSpan.FromSeconds(30);

    /// <summary>How long a receiver's Retry-After is waited for at most: others wait behind it.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(1);

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly CircuitBreakerManualControl _control = new();
    private readonly ResiliencePipeline _pipeline;

    public SinkPipeline(AlertSinkOptions options, TimeProvider time, Action onRetry, Action<bool> onBroken)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = TimeSpan.FromSeconds(30),
                UseJitter = true,
                ShouldHandle = static args => ValueTask.FromResult(IsWorthAnotherTry(args.Outcome.Exception)),
                DelayGenerator = static args => ValueTask.FromResult(RetryAfter(args.Outcome.Exception)),
                OnRetry = _ =>
                {
                    onRetry();
                    return ValueTask.CompletedTask;
                },
            });
        }

        builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            // Alerts are few: one that failed with all its retries is not enough to open, the next one's first failure is.
            FailureRatio = 0.5,
            MinimumThroughput = Math.Max(3, options.Retries + 2),
            SamplingDuration = TimeSpan.FromMinutes(10),
            BreakDuration = BreakDuration,
            StateProvider = _state,
            ManualControl = _control,
            ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Exception is not null and not OperationCanceledException),
            OnOpened = _ => Tell(onBroken, true),
            OnClosed = _ => Tell(onBroken, false),
        });
        builder.AddTimeout(options.Timeout);
        _pipeline = builder.Build();
    }

    /// <summary>True while the breaker keeps alerts from the sink.</summary>
    public bool IsBroken => _state.CircuitState is CircuitState.Open or CircuitState.Isolated;

    public ValueTask SendAsync(IAlertSink sink, BudgetAlert alert, CancellationToken cancellationToken) => _pipeline.ExecuteAsync(
        static (call, token) => AttemptAsync(call.sink, call.alert, token), (sink, alert), cancellationToken);

    /// <summary>The sink works: what was waiting for that need not wait longer.</summary>
    public Task CloseAsync(CancellationToken cancellationToken) => _control.CloseAsync(cancellationToken);

    /// <summary>One attempt; a sink that ignores its token is left behind when the token ends.</summary>
    public static async ValueTask AttemptAsync(IAlertSink sink, BudgetAlert alert, CancellationToken cancellationToken)
    {
        ValueTask sending = sink.SendAsync(alert, cancellationToken);
        if (sending.IsCompleted)
        {
            await sending.ConfigureAwait(false);
            return;
        }

        await sending.AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static bool IsWorthAnotherTry(Exception? failure) =>
        failure is not null and not OperationCanceledException and not BrokenCircuitException and not AlertDeliveryException { IsPermanent: true };

    private static TimeSpan? RetryAfter(Exception? failure) =>
        failure is AlertDeliveryException { RetryAfter: { } asked } ? TimeSpan.FromTicks(Math.Clamp(asked.Ticks, 0, LongestRetryAfter.Ticks)) : null;

    private static ValueTask Tell(Action<bool> onBroken, bool isBroken)
    {
        onBroken(isBroken);
        return ValueTask.CompletedTask;
    }
}
