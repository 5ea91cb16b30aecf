namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>A sink of the program that misbehaves as it is told, under the name of the sink in each test that does.</summary>
internal sealed class MoodySink : IAlertSink, IDisposable
{
    private readonly ManualResetEventSlim _gate = new();
    private readonly TaskCompletionSource _never = new();
    private int _sent;

    public Fault Fault { get; set; }

    public string Name => FaultApp.Bad;

    public int Sent => Volatile.Read(ref _sent);

    public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        switch (Fault)
        {
            case Fault.Throws:
                throw new InvalidOperationException("sink down");
            case Fault.Blocks:
                _gate.Wait(TimeSpan.FromSeconds(60), CancellationToken.None);
                break;
            case Fault.IgnoresToken:
                await _never.Task;
                break;
            default:
                Interlocked.Increment(ref _sent);
                break;
        }
    }

    /// <summary>Lets go of all threads it holds.</summary>
    public void Open() => _gate.Set();

    public void Dispose() => _gate.Set();
}
