using BudgetGuard.Alerts.Sinks;
using BudgetGuard.Configuration;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// All sinks with their workers: those the app added, and those the configuration names, which are made anew when their configuration changes. A section
/// without a type is for the sink of that name which the app added.
/// </summary>
internal sealed class AlertSinks : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SettingsSource _settings;
    private readonly IAlertSink[] _added;
    private readonly Dictionary<string, IAlertSinkFactory> _factories;
    private readonly DeliveryLog _log;
    private readonly TimeProvider _time;
    private readonly List<SinkWorker> _retiring = [];
    private volatile SinkWorker[] _workers = [];
    private bool _isStarted;
    private bool _isStopped;

    public AlertSinks(
        SettingsSource settings, IEnumerable<IAlertSink> added, IEnumerable<IAlertSinkFactory> factories, DeliveryLog log, TimeProvider time)
    {
        _settings = settings;
        _log = log;
        _time = time;
        _added = [.. added];
        _factories = new Dictionary<string, IAlertSinkFactory>(StringComparer.OrdinalIgnoreCase);
        foreach (IAlertSinkFactory factory in factories)
        {
            _factories[factory.Type] = factory;
        }

        settings.AddValidator(Problems);
        settings.Reloaded += OnReloaded;
    }

    /// <summary>The workers now, in the order of their names.</summary>
    public IReadOnlyList<SinkWorker> Current => _workers;

    /// <summary>Starts the workers; before, and after a stop, there are none.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _isStarted = true;
            Build();
        }
    }

    /// <summary>Ends when every worker has sent what it has, or was aborted; a worker that was replaced counts too.</summary>
    public Task CompleteAsync()
    {
        lock (_gate)
        {
            _isStopped = true;
            SinkWorker[] all = [.. _workers, .. _retiring];
            foreach (SinkWorker worker in all)
            {
                worker.Complete();
            }

            return Task.WhenAll(all.Select(static worker => worker.Completion));
        }
    }

    /// <summary>Sends nothing more.</summary>
    public void Abort()
    {
        lock (_gate)
        {
            foreach (SinkWorker worker in (SinkWorker[])[.. _workers, .. _retiring])
            {
                worker.Abort();
            }
        }
    }

    public void Dispose()
    {
        _settings.Reloaded -= OnReloaded;
        lock (_gate)
        {
            _isStopped = true;
            foreach (SinkWorker worker in (SinkWorker[])[.. _workers, .. _retiring])
            {
                worker.Dispose();
            }

            _workers = [];
            _retiring.Clear();
        }
    }

    private void OnReloaded(bool isGood)
    {
        lock (_gate)
        {
            if (!isGood || !_isStarted || _isStopped)
            {
                return;
            }

            try
            {
                Build();
            }
            catch (Exception failure)
            {
                // A factory of the program may throw anything; a reload must not take the app down, and the sinks there were stay.
                _log.NotRebuilt(failure);
            }
        }
    }

    private void Build()
    {
        // All sinks are made before the first worker starts: one that cannot be made leaves everything as it was.
        List<(AlertSinkSettings Settings, IAlertSink? Sink, bool IsOwned)> made = [];
        foreach ((AlertSinkSettings settings, IAlertSink? added) in Wanted())
        {
            made.Add((settings, SameAs(settings) is null ? added ?? Make(settings) : null, added is null));
        }

        SinkWorker[] now =
            [.. made.Select(one => one.Sink is null ? SameAs(one.Settings)! : new SinkWorker(one.Sink, one.Settings, one.IsOwned, _log, _time))];
        foreach (SinkWorker old in _workers.Except(now))
        {
            // It sends what it has already; the host's stop waits for it as for the others.
            old.Complete();
            _retiring.Add(old);
        }

        _retiring.RemoveAll(static worker => worker.Completion.IsCompleted);
        _workers = [.. now.OrderBy(static worker => worker.Name, StringComparer.OrdinalIgnoreCase)];
    }

    private SinkWorker? SameAs(AlertSinkSettings settings) => Array.Find(_workers, worker => worker.Settings.IsSameAs(settings));

    private IEnumerable<(AlertSinkSettings Settings, IAlertSink? Added)> Wanted()
    {
        AlertSinkSettings[] configured = [.. _settings.Current.Alerts.Sinks];
        bool hasLog = configured.Any(static sink => IsLog(sink.Options.Type));
        foreach (IAlertSink sink in _added)
        {
            if (hasLog && sink is LogAlertSink)
            {
                continue;
            }

            yield return (Array.Find(configured, one => IsFor(one, sink)) ?? new AlertSinkSettings(sink.Name, Unlimited()), sink);
        }

        foreach (AlertSinkSettings sink in configured)
        {
            if (sink.Options.Type is not null)
            {
                yield return (sink, null);
            }
        }
    }

    /// <summary>The program that adds a sink decides what it does with many alerts; only a flood is folded.</summary>
    private static AlertSinkOptions Unlimited() => new() { MaxPerMinute = 600 };

    private IAlertSink Make(AlertSinkSettings settings) => _factories[settings.Options.Type!].Create(settings.Name, settings.Options);

    private IEnumerable<string> Problems(GuardSettings settings)
    {
        for (int i = 1; i < _added.Length; i++)
        {
            string name = _added[i].Name;
            if (Array.FindIndex(_added, one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) < i)
            {
                yield return $"{_settings.SectionPath}:Alerts:Sinks:{name}: the program adds two sinks of this name; expected names that differ (IAlertSink.Name)";
            }
        }

        foreach (AlertSinkSettings sink in settings.Alerts.Sinks)
        {
            string key = $"{_settings.SectionPath}:Alerts:Sinks:{sink.Name}";
            foreach ((string name, string problem) in ProblemsOf(sink))
            {
                yield return $"{key}{(name.Length == 0 ? "" : ":" + name)}: {problem}";
            }
        }
    }

    private IEnumerable<(string Key, string Problem)> ProblemsOf(AlertSinkSettings sink)
    {
        string? type = sink.Options.Type;
        if (type is null)
        {
            IAlertSink? added = Array.Find(_added, one => IsFor(sink, one));
            return added is null ? [("Type", $"is missing; expected one of {Types()}")] : Foreign(sink, [], "a sink that the program added");
        }

        if (Array.Exists(_added, one => one.Name.Equals(sink.Name, StringComparison.OrdinalIgnoreCase) && one is not LogAlertSink))
        {
            return [("", "the program adds a sink of this name; expected another name, or no Type to configure that one")];
        }

        if (_factories.TryGetValue(type, out IAlertSinkFactory? factory))
        {
            return Foreign(sink, factory.Keys, $"a sink of type {factory.Type}").Concat(factory.Check(sink.Options));
        }

        return type.Equals("Email", StringComparison.OrdinalIgnoreCase)
            ? [("Type", "'Email' needs the package BudgetGuard.Email and a call of AddEmailAlerts() on what AddBudgetGuard returns")]
            : [("Type", $"{ProblemList.Show(type)} is no type of sink{NearestName.Hint(NearestName.Of(type, _factories.Keys))}; expected one of {Types()}")];
    }

    private static IEnumerable<(string Key, string Problem)> Foreign(AlertSinkSettings sink, IReadOnlyList<string> keys, string what) =>
        AlertSinkKeys.OwnOf(sink.Options)
            .Where(pair => pair.Value is not null && !keys.Contains(pair.Key))
            .Select(pair => (pair.Key, $"is no key of {what}; expected {(keys.Count == 0 ? "only those all sinks have" : string.Join(", ", keys))}"));

    private string Types() => string.Join(", ", _factories.Keys.Append("Email").Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal));

    private static bool IsFor(AlertSinkSettings settings, IAlertSink sink) =>
        settings.Options.Type is null && settings.Name.Equals(sink.Name, StringComparison.OrdinalIgnoreCase);

    private static bool IsLog(string? type) => string.Equals(type, "Log", StringComparison.OrdinalIgnoreCase);
}
