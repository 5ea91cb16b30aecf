namespace BudgetGuard.Api.Deciding;

/// <summary>Lets one at a time in. Everything done inside is bounded by the store's timeout, so that the wait is too.</summary>
internal sealed class StepGate
{
    private readonly Lock _lock = new();
    private Queue<TaskCompletionSource>? _waiting;
    private bool _isTaken;

    public Task EnterAsync()
    {
        lock (_lock)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return Task.CompletedTask;
            }

            var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_waiting ??= new Queue<TaskCompletionSource>()).Enqueue(next);
            return next.Task;
        }
    }

    public void Leave()
    {
        TaskCompletionSource? next = null;
        lock (_lock)
        {
            if (_waiting is null || !_waiting.TryDequeue(out next))
            {
                _isTaken = false;
            }
        }

        next?.SetResult();
    }
}
