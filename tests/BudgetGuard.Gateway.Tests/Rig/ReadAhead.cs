namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>
/// Lets a provider write only so many events more than its reader has read. A model writes its tokens one by one, so that few are on the way when somebody
/// leaves; a loop that fills the buffers of two connections first would be no model.
/// </summary>
internal sealed class ReadAhead(int most) : IDisposable
{
    private readonly SemaphoreSlim _free = new(most);

    public Task BeforeEventAsync(CancellationToken gone) => _free.WaitAsync(gone);

    public void Read(int events)
    {
        if (events > 0)
        {
            _free.Release(events);
        }
    }

    /// <summary>Ends when the reader has read all but two events: one that came in part, and one that it may be spared.</summary>
    public async Task ReadAsync(CancellationToken gone)
    {
        for (int i = 2; i < most; i++)
        {
            await _free.WaitAsync(gone);
        }
    }

    public void Dispose() => _free.Dispose();
}
