using System.Collections;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Benchmarks;

/// <summary>
/// Features as a server keeps them: those of the protocol in fields, those that middleware sets in a short list that is emptied and used again for each
/// request. The framework's own collection is a dictionary, which no server uses.
/// </summary>
internal sealed class ServerFeatures : IFeatureCollection
{
    private readonly IHttpRequestFeature _request;
    private readonly IHttpResponseFeature _response;
    private readonly List<KeyValuePair<Type, object>> _extra = new(8);

    public ServerFeatures(IHttpRequestFeature request, IHttpResponseFeature response)
    {
        _request = request;
        _response = response;
    }

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get
        {
            if (key == typeof(IHttpRequestFeature))
            {
                return _request;
            }

            if (key == typeof(IHttpResponseFeature))
            {
                return _response;
            }

            foreach (KeyValuePair<Type, object> one in _extra)
            {
                if (one.Key == key)
                {
                    return one.Value;
                }
            }

            return null;
        }

        set
        {
            Revision++;
            for (int i = 0; i < _extra.Count; i++)
            {
                if (_extra[i].Key == key)
                {
                    _extra.RemoveAt(i);
                    break;
                }
            }

            if (value is not null)
            {
                _extra.Add(new KeyValuePair<Type, object>(key, value));
            }
        }
    }

    /// <summary>The next request: what middleware set is gone.</summary>
    public void Reset(int kept) => _extra.RemoveRange(kept, _extra.Count - kept);

    /// <summary>How many features the server itself has set.</summary>
    public int Count => _extra.Count;

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _extra.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
