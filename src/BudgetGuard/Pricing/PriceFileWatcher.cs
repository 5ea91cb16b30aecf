namespace BudgetGuard.Pricing;

/// <summary>
/// Says when a file may have changed: soon after the system reports it, and also every half minute, because changes on network
/// and container volumes are not reported. Who is told compares what the file says.
/// </summary>
internal sealed class PriceFileWatcher : IDisposable
{
    // An editor writes in several steps; read after the last of them.
    private static readonly TimeSpan _settle = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(30);

    private readonly ITimer _timer;
    private readonly FileSystemWatcher? _watcher;

    public PriceFileWatcher(string path, Action mayHaveChanged, TimeProvider time)
    {
        _timer = time.CreateTimer(static state => ((Action)state!)(), mayHaveChanged, _look, _look);
        try
        {
            // The folder is watched, so that a file that is replaced by renaming another stays watched.
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
            _watcher.Changed += (_, _) => LookSoon();
            _watcher.Created += (_, _) => LookSoon();
            _watcher.Deleted += (_, _) => LookSoon();
            _watcher.Renamed += (_, _) => LookSoon();
            _watcher.Error += (_, _) => LookSoon();
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // No watches left, or no folder yet: looking every half minute is enough.
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    public void Dispose()
    {
        _watcher?.Dispose();
        _timer.Dispose();
    }

    private void LookSoon() => _timer.Change(_settle, _look);
}
