using System.Threading.Channels;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>
/// Lets a provider write only so many events more than its reader has read. A model writes its tokens one by one, so that few are on the way when somebody
/// leaves; a loop that fills the buffers of two connections first would be no model.
/// </summary>
internal sealed class ReadAhead
{
    private readonly Channel<int> _free = Channel.CreateUnbounded<int>();
    private readonly int _most;

    public ReadAhead(int most)
    {
        _most = most;
        Read(most);
    }

    public async Task BeforeEventAsync(CancellationToken gone) => await _free.Reader.ReadAsync(gone);

    public void Read(int events)
    {
        for (int i = 0; i < events; i++)
        {
            _free.Writer.TryWrite(i);
        }
    }

    /// <summary>Ends when the reader has read all but two events: one that came in part, and one that it may be spared.</summary>
    public async Task WhenReadAsync(CancellationToken gone)
    {
        for (int i = 2; i < _most; i++)
        {
            await _free.Reader.ReadAsync(gone);
        }
    }
}
