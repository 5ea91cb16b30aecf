using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Configuration;

/// <summary>
/// Holds the settings the request path reads: built once at start, where any problem throws, and rebuilt when the configuration changes, where a problem keeps
/// the last good settings.
/// </summary>
internal sealed partial class SettingsSource : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IConfiguration? _root;
    private readonly IConfigurationSection? _section;
    private readonly IReadOnlyList<Action<BudgetGuardOptions>> _delegates;
    private readonly Func<ILogger> _logger;
    private readonly IReadOnlySet<string> _stores;
    private readonly List<Func<GuardSettings, IEnumerable<string>>> _validators = [];
    private readonly List<IDisposable> _subscriptions = [];
    private volatile GuardSettings _current;
    private long _version = 1;
    private bool _disposed;

    /// <param name="root">The host's configuration, which holds the environment variables; without it there are none.</param>
    /// <param name="section">The section to read; null is the section <c>BudgetGuard</c> of the root.</param>
    /// <param name="delegates">What the program sets over both, in order.</param>
    /// <param name="logger">Where a bad reload is told; asked for only then, because loggers themselves are made by these settings.</param>
    /// <param name="stores">The store that budgets are kept in, if it is not memory.</param>
    /// <exception cref="OptionsValidationException">The configuration has problems; the message lists all of them.</exception>
    public SettingsSource(
        IConfiguration? root,
        IConfigurationSection? section,
        IEnumerable<Action<BudgetGuardOptions>> delegates,
        Func<ILogger> logger,
        IReadOnlySet<string>? stores = null)
    {
        _stores = stores ?? System.Collections.Immutable.ImmutableHashSet<string>.Empty;
        _root = root;
        _section = section ?? root?.GetSection(BudgetGuardOptions.SectionName);
        _delegates = [.. delegates];
        _logger = logger;

        // Subscribed before the first read: a change in between is read twice rather than missed. The gate keeps that reload behind this read.
        lock (_gate)
        {
            Subscribe(_root);
            if (section is not null && !ReferenceEquals(section.GetReloadToken(), _root?.GetReloadToken()))
            {
                Subscribe(section);
            }

            try
            {
                _current = Build(out ProblemList problems);
                problems.ThrowIfAny();
            }
            catch
            {
                Dispose();
                throw;
            }
        }
    }

    /// <summary>Raised after each reload, with whether it was good.</summary>
    public event Action<bool>? Reloaded;

    /// <summary>Where the settings stand in the configuration, as messages name their keys.</summary>
    public string SectionPath => _section?.Path ?? BudgetGuardOptions.SectionName;

    /// <summary>The last good settings.</summary>
    public GuardSettings Current => _current;

    /// <summary>False while a changed configuration was refused.</summary>
    public bool IsLastReloadGood { get; private set; } = true;

    /// <summary>
    /// Grows with each good reload, after <see cref="Current"/> changed. Who remembers answers by version reads it before <see cref="Current"/>: so an answer
    /// from old settings is never kept under the new version.
    /// </summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Adds a check that only a part of the program can make; it must hold now and at every reload.</summary>
    /// <exception cref="OptionsValidationException">It does not hold now.</exception>
    public void AddValidator(Func<GuardSettings, IEnumerable<string>> validator)
    {
        lock (_gate)
        {
            string[] lines = [.. validator(_current)];
            if (lines.Length > 0)
            {
                throw ProblemList.ToException(lines);
            }

            _validators.Add(validator);
        }
    }

    /// <summary>Reads a store's part of the section into its options; what is wrong with it is in the answer.</summary>
    public ProblemList ReadStore<T>(string store, T options, IReadOnlyList<KnownKey<T>> keys)
    {
        var problems = new ProblemList(SectionPath);
        if (_section is not null)
        {
            new SectionReader(_section, _root, problems, _stores).ReadObject(_section.GetSection(store).Path, options, keys);
        }

        return problems;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _subscriptions.ForEach(subscription => subscription.Dispose());
            _subscriptions.Clear();
        }
    }

    private void Subscribe(IConfiguration? configuration)
    {
        if (configuration is not null)
        {
            _subscriptions.Add(ChangeToken.OnChange(configuration.GetReloadToken, Reload));
        }
    }

    private GuardSettings Build(out ProblemList problems)
    {
        BudgetGuardOptions options = new();
        problems = new ProblemList(SectionPath);
        if (_section is not null)
        {
            new SectionReader(_section, _root, problems, _stores).ReadInto(options);
        }

        if (_root is not null)
        {
            LeadFactoryVariables.ReadInto(options, _root, problems);
        }

        string prefix = options.EnvironmentPrefix;
        foreach (Action<BudgetGuardOptions> change in _delegates)
        {
            change(options);
        }

        if (options.EnvironmentPrefix != prefix)
        {
            problems.Add(
                problems.KeyOf("EnvironmentPrefix"),
                $"{ProblemList.Show(options.EnvironmentPrefix)} was set by a delegate, after the variables were read; expected it in the section");
        }

        new OptionsChecker(problems).Check(options);

        // Settings are only made of options that passed their check; the caller throws or keeps what it has.
        if (problems.Lines.Count > 0)
        {
            return _current;
        }

        GuardSettings settings = GuardSettings.From(options);
        foreach (Func<GuardSettings, IEnumerable<string>> validator in _validators)
        {
            problems.AddLines(validator(settings));
        }

        return settings;
    }

    private void Reload()
    {
        bool good;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            good = TryRebuild();
            IsLastReloadGood = good;
        }

        Reloaded?.Invoke(good);
    }

    private bool TryRebuild()
    {
        try
        {
            GuardSettings settings = Build(out ProblemList problems);
            if (problems.Lines.Count > 0)
            {
                LogBadReload(_logger(), problems.Lines.Count, ProblemList.Describe(problems.Lines));
                return false;
            }

            _current = settings;
            Volatile.Write(ref _version, _version + 1);
            LogReloaded(_logger(), _version, settings.Budgets.Length);
            return true;
        }
        catch (Exception exception)
        {
            // A delegate or validator of the program may throw anything; a reload must not take the app down.
            LogFailedReload(_logger(), exception);
            return false;
        }
    }

    [LoggerMessage(100, LogLevel.Error, "The changed configuration has {Count} problems; the last good settings stay:\n{Problems}", EventName = "ConfigurationReloadRefused")]
    private static partial void LogBadReload(ILogger logger, int count, string problems);

    [LoggerMessage(101, LogLevel.Error, "Reading the changed configuration failed; the last good settings stay.", EventName = "ConfigurationReloadFailed")]
    private static partial void LogFailedReload(ILogger logger, Exception exception);

    [LoggerMessage(102, LogLevel.Information, "Read the changed configuration, version {Version}, with {Budgets} budgets.", EventName = "ConfigurationReloaded")]
    private static partial void LogReloaded(ILogger logger, long version, int budgets);
}
