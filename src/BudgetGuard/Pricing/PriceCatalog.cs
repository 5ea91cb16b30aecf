using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Pricing;

/// <summary>
/// The default catalogue: the price file that is part of the library, then the user's file over it. The user's file must be good at start; a bad one later
/// keeps the last good prices. It is read again when it changes and when its path does.
/// </summary>
internal sealed partial class PriceCatalog : IPriceCatalog, IDisposable
{
    private const int LargestFile = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Func<string?> _path;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private volatile PriceTable _table;
    private PriceFileWatcher? _watcher;
    private string? _watchedPath;
    private string _lastLook;
    private long _version = 1;
    private bool _disposed;

    /// <param name="path">Tells the path of the user's price file; null or empty is none. Asked again at each <see cref="Refresh"/>.</param>
    /// <param name="logger">Where odd prices and a bad reload are told.</param>
    /// <param name="time">The clock of reloads.</param>
    /// <exception cref="PriceFileException">The user's file cannot be used; the message names the setting, the path and each problem.</exception>
    public PriceCatalog(Func<string?> path, ILogger<PriceCatalog> logger, TimeProvider time)
    {
        _path = path;
        _logger = logger;
        _time = time;
        string? file = FullPath(path());
        byte[]? json = file is null ? null : Read(file);
        _lastLook = LookOf(file, json);
        _table = new PriceTable(json is null ? [] : Load(json, file!), time.GetUtcNow());
        Watch(file);
    }

    /// <summary>Raised after each reload of the user's file, with whether it was good.</summary>
    public event Action<bool>? Reloaded;

    /// <summary>Grows with each good reload, after the prices changed. Who remembers a price by version reads it before <see cref="Find"/>.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <inheritdoc/>
    public ModelPrice? Find(string model, string? provider = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _table.Find(model, provider);
    }

    /// <summary>Reads the shipped file now rather than at the first search.</summary>
    public void WarmUp() => _table.WarmUp();

    /// <summary>Reads the user's file again if its path or what it says has changed; call it when the settings changed.</summary>
    public void Refresh()
    {
        bool? good;
        lock (_gate)
        {
            good = _disposed ? null : TryReload();
        }

        if (good is { } outcome)
        {
            Reloaded?.Invoke(outcome);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    /// <summary>Whether the reload was good; null if there was nothing new.</summary>
    private bool? TryReload()
    {
        string? path = null;
        try
        {
            path = FullPath(_path());
            Watch(path);
            byte[]? json = path is null ? null : Read(path);
            if (!IsNews(LookOf(path, json)))
            {
                return null;
            }

            PriceTable table = new(json is null ? [] : Load(json, path!), _time.GetUtcNow());
            table.WarmUp();
            _table = table;
            Volatile.Write(ref _version, _version + 1);
            LogReloaded(path ?? "(none)", _version);
            return true;
        }
        catch (PriceFileUnreadableException exception)
        {
            return IsNews(exception.Message) ? Refused(path, exception) : null;
        }
        catch (Exception exception)
        {
            // The path comes from a delegate; a reload must not take the app down.
            return Refused(path, exception);
        }
    }

    private bool Refused(string? path, Exception exception)
    {
        LogRefused(path ?? "(none)", exception.Message);
        return false;
    }

    /// <summary>A file that stays bad or missing is looked at again and again but told once.</summary>
    private bool IsNews(string look)
    {
        bool isNews = look != _lastLook;
        _lastLook = look;
        return isNews;
    }

    private static string LookOf(string? path, byte[]? json) => json is null ? "" : Convert.ToHexString(SHA256.HashData(json)) + path;

    private List<PriceEntry> Load(byte[] json, string path)
    {
        PriceFileContent content = PriceFileReader.Read(json, isShipped: false);
        if (content.Errors.Count > 0)
        {
            throw new PriceFileException(path, content.Errors);
        }

        foreach (string warning in content.Warnings)
        {
            LogOdd(path, warning);
        }

        return [.. content.Entries];
    }

    private static byte[] Read(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > LargestFile)
            {
                throw new PriceFileUnreadableException(path, $"it has {file.Length} bytes; expected at most {LargestFile}");
            }

            using MemoryStream content = new();
            file.CopyTo(content);
            return content.ToArray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PriceFileUnreadableException(path, $"it cannot be read: {exception.Message}; expected the path of a price file");
        }
    }

    private void Watch(string? path)
    {
        if (path != _watchedPath)
        {
            _watcher?.Dispose();
            _watcher = path is null ? null : new PriceFileWatcher(path, Refresh, _time);
            _watchedPath = path;
        }
    }

    private static string? FullPath(string? path) => string.IsNullOrWhiteSpace(path) ? null : Path.GetFullPath(path);

    [LoggerMessage(120, LogLevel.Error, "The price file {Path} was not taken over; the last good prices stay. {Problem}", EventName = "PriceFileRefused")]
    private partial void LogRefused(string path, string problem);

    [LoggerMessage(121, LogLevel.Information, "Read the price file {Path}, version {Version} of the prices.", EventName = "PriceFileRead")]
    private partial void LogReloaded(string path, long version);

    [LoggerMessage(122, LogLevel.Warning, "The price file {Path} is odd: {Warning}", EventName = "PriceFileOdd")]
    private partial void LogOdd(string path, string warning);
}
