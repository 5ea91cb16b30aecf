using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Runtime.ExceptionServices;
using System.Text;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Looks for secrets, as they are and as they are written in URLs and in base64, in everything the process tells of itself.</summary>
internal sealed class LeakWatch : IDisposable
{
    [ThreadStatic]
    private static bool _isLooking;

    private readonly SearchValues<string> _forms;
    private readonly ConcurrentDictionary<string, int> _looks = new();
    private readonly ConcurrentQueue<string> _hits = new();
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;
    private readonly DiagnosticWatch _diagnostics;
    private readonly EventWatch _events;

    public LeakWatch(IEnumerable<string> secrets)
    {
        _forms = SearchValues.Create([.. secrets.SelectMany(Forms).Distinct()], StringComparison.OrdinalIgnoreCase);
        WatchMeters();
        _activities = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = Look,
            ActivityStopped = Look,
        };
        ActivitySource.AddActivityListener(_activities);
        AppDomain.CurrentDomain.FirstChanceException += OnFirstChance;
        _diagnostics = new DiagnosticWatch(this);
        _events = new EventWatch();
        _events.Start(this);
    }

    /// <summary>What was found, each with where and the text around it.</summary>
    public IReadOnlyCollection<string> Hits => _hits;

    /// <summary>How often each source was looked at.</summary>
    public IReadOnlyDictionary<string, int> Looks => _looks;

    public void Look(string source, object? told)
    {
        if (_isLooking)
        {
            return;
        }

        _isLooking = true;
        try
        {
            _looks.AddOrUpdate(source, 1, static (_, count) => count + 1);
            if (told?.ToString() is { } text && text.AsSpan().ContainsAny(_forms))
            {
                _hits.Enqueue($"{source}: {text}");
            }
        }
        finally
        {
            _isLooking = false;
        }
    }

    public ILoggerProvider NewLogger() => new Logs(this);

    public void Dispose()
    {
        AppDomain.CurrentDomain.FirstChanceException -= OnFirstChance;
        _events.Dispose();
        _diagnostics.Dispose();
        _activities.Dispose();
        _meters.Dispose();
    }

    /// <summary>The secret itself, escaped, in hexadecimal, and the part of it that any base64 text has, wherever in it the secret begins.</summary>
    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret;
        yield return Uri.EscapeDataString(secret);
        byte[] bytes = Encoding.UTF8.GetBytes(secret);
        yield return Convert.ToHexString(bytes);
        for (int before = 0; before < 3; before++)
        {
            string text = Convert.ToBase64String([.. new byte[before], .. bytes]);
            string inner = text[(before == 0 ? 0 : 4)..^4];
            yield return inner;
            yield return inner.Replace('+', '-').Replace('/', '_');
        }
    }

    private void WatchMeters()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            Look("meter", $"{instrument.Meter.Name} {instrument.Name} {instrument.Description}");
            listener.EnableMeasurementEvents(instrument);
        };
        Measure<byte>();
        Measure<short>();
        Measure<int>();
        Measure<long>();
        Measure<float>();
        Measure<double>();
        Measure<decimal>();
        _meters.Start();

        void Measure<T>()
            where T : struct =>
            _meters.SetMeasurementEventCallback<T>((_, _, tags, _) =>
            {
                foreach (KeyValuePair<string, object?> tag in tags)
                {
                    Look("metric", tag);
                }
            });
    }

    private void Look(Activity activity)
    {
        Look("activity", activity.DisplayName);
        foreach (KeyValuePair<string, object?> tag in activity.TagObjects)
        {
            Look("activity", tag);
        }

        foreach (ActivityEvent one in activity.Events)
        {
            Look("activity", one.Name + string.Join(' ', one.Tags));
        }

        Look("activity", $"{activity.StatusDescription} {string.Join(' ', activity.Baggage)}");
    }

    private void OnFirstChance(object? sender, FirstChanceExceptionEventArgs thrown) => Look("exception", thrown.Exception);

    private sealed class Logs(LeakWatch watch) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            LookAt(state);
            return null;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            watch.Look("log", formatter(state, exception));
            watch.Look("log", exception);
            LookAt(state);
        }

        public void Dispose()
        {
            // It holds nothing.
        }

        private void LookAt<TState>(TState state)
        {
            watch.Look("log", state);
            if (state is IEnumerable<KeyValuePair<string, object?>> pairs)
            {
                foreach (KeyValuePair<string, object?> pair in pairs)
                {
                    watch.Look("log", pair.Value);
                }
            }
        }
    }

    private sealed class DiagnosticWatch : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly LeakWatch _watch;
        private readonly ConcurrentBag<IDisposable> _subscriptions = [];

        public DiagnosticWatch(LeakWatch watch)
        {
            _watch = watch;
            _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
        }

        public void OnNext(DiagnosticListener value) => _subscriptions.Add(value.Subscribe(this));

        public void OnNext(KeyValuePair<string, object?> value)
        {
            _watch.Look("diagnostic", value.Key);
            _watch.Look("diagnostic", value.Value);
        }

        public void OnCompleted()
        {
            // Nothing is kept.
        }

        public void OnError(Exception error) => _watch.Look("diagnostic", error);

        public void Dispose()
        {
            foreach (IDisposable subscription in _subscriptions)
            {
                subscription.Dispose();
            }
        }
    }

    private sealed class EventWatch : EventListener
    {
        private volatile LeakWatch? _watch;

        /// <summary>The base class tells of the sources before this class has its fields.</summary>
        public void Start(LeakWatch watch)
        {
            _watch = watch;
            foreach (EventSource source in EventSource.GetSources())
            {
                Enable(source);
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (_watch is not null)
            {
                Enable(eventSource);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            _watch?.Look("event", $"{eventData.EventSource.Name} {eventData.EventName} {eventData.Message} {string.Join(' ', eventData.Payload ?? [])}");

        // The runtime's own tell of memory and tasks. What begins with Private is for those who debug the runtime: it shows all that is on the wire.
        private void Enable(EventSource source)
        {
            if (!source.Name.StartsWith("Private.", StringComparison.Ordinal)
                && source.Name is not ("Microsoft-Windows-DotNETRuntime" or "System.Threading.Tasks.TplEventSource" or "System.Buffers.ArrayPoolEventSource"
                    or "Microsoft-Diagnostics-DiagnosticSource"))
            {
                EnableEvents(source, EventLevel.Verbose, EventKeywords.All);
            }
        }
    }
}
