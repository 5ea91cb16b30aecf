using System.Threading.Channels;

namespace BudgetGuard.Tests.Alerts;

/// <summary>A sink that remembers what it was sent.</summary>
internal sealed class HeardAlerts : IAlertSink
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly List<BudgetAlert> _alerts = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];

    public IReadOnlyList<BudgetAlert> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _alerts];
            }
        }
    }

    /// <summary>Waits until so many were sent.</summary>
    public Task WaitForAsync(int count)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_alerts.Count >= count)
            {
                return Task.CompletedTask;
            }

            _waiting.Add((count, reached));
        }

        return reached.Task.WaitAsync(Patience);
    }

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _alerts.Add(alert);
            foreach ((int count, TaskCompletionSource reached) in _waiting)
            {
                if (_alerts.Count >= count)
                {
                    reached.TrySetResult();
                }
            }
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>A sink that fails at once.</summary>
internal sealed class ThrowingSink : IAlertSink
{
    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => throw new InvalidOperationException("sink down");
}

/// <summary>A sink that fails on its first alert and works from then on.</summary>
internal sealed class PoisonedSink : IAlertSink
{
    public List<BudgetAlert> Sent { get; } = [];

    public int Calls { get; private set; }

    public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Calls++;
        if (Calls == 1)
        {
            throw new FormatException("cannot write this one");
        }

        Sent.Add(alert);
    }
}

/// <summary>A sink that answers only when its gate opens, whatever its token says.</summary>
internal sealed class HangingSink : IAlertSink
{
    private readonly Channel<BudgetAlert> _entered = Channel.CreateUnbounded<BudgetAlert>();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until the sink was called once more.</summary>
    public Task EnteredAsync() => _entered.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public void Open() => _gate.TrySetResult();

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        _entered.Writer.TryWrite(alert);
        return new ValueTask(_gate.Task);
    }
}
