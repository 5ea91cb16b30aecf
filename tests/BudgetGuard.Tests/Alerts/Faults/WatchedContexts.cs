using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Makes the contexts of an app, remembers each without keeping it, and sees whether one is touched after its request.</summary>
internal sealed class WatchedContexts : IHttpContextFactory
{
    private readonly List<WeakReference> _made = [];
    private int _touchedAfter;

    /// <summary>How often features were asked for of a context whose request was over.</summary>
    public int TouchedAfter => Volatile.Read(ref _touchedAfter);

    /// <summary>Each context, the features of it and the load that each request had with it.</summary>
    public IReadOnlyList<WeakReference> Made
    {
        get
        {
            lock (_made)
            {
                return [.. _made];
            }
        }
    }

    public HttpContext Create(IFeatureCollection featureCollection)
    {
        Features features = new(featureCollection, this);
        DefaultHttpContext context = new(features);
        object load = new();
        context.Items["load"] = load;
        lock (_made)
        {
            _made.AddRange([new WeakReference(context), new WeakReference(features), new WeakReference(load)]);
        }

        return context;
    }

    public void Dispose(HttpContext httpContext) => ((Features)httpContext.Features).IsOver = true;

    private sealed class Features(IFeatureCollection inner, WatchedContexts contexts) : IFeatureCollection
    {
        public bool IsOver { get; set; }

        public bool IsReadOnly => Inner.IsReadOnly;

        public int Revision => Inner.Revision;

        private IFeatureCollection Inner
        {
            get
            {
                if (IsOver)
                {
                    Interlocked.Increment(ref contexts._touchedAfter);
                }

                return inner;
            }
        }

        public object? this[Type key]
        {
            get => Inner[key];
            set => Inner[key] = value;
        }

        public TFeature? Get<TFeature>() => Inner.Get<TFeature>();

        public void Set<TFeature>(TFeature? instance) => Inner.Set(instance);

        public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => Inner.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
