namespace BudgetGuard.Simulation;

/// <summary>
/// Decides what happens next: one thing at a time, picked by the seed from all that could. What the code under test waits for goes on inside the step that ends the wait, so
/// that a run is one thread's work and a seed is a run.
/// </summary>
internal sealed class Scheduler(int seed)
{
    private readonly List<Action> _ready = [];

    public Random Random { get; } = new(seed);

    /// <summary>How many steps were taken.</summary>
    public int Steps { get; private set; }

    public bool IsIdle => _ready.Count == 0;

    /// <summary>Something that can happen from now on, at any time.</summary>
    public void Add(Action action) => _ready.Add(action);

    public bool Chance(int oneIn) => oneIn > 0 && Random.Next(oneIn) == 0;

    /// <summary>Lets one thing happen; false if there is none.</summary>
    public bool Step()
    {
        if (_ready.Count == 0)
        {
            return false;
        }

        int index = Random.Next(_ready.Count);
        Action action = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        Steps++;
        action();
        return true;
    }
}
