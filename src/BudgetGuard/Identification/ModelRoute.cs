namespace BudgetGuard.Identification;

/// <summary>One row of the table of routes: the API of the paths that end so, the provider of the hosts that are called so, or both.</summary>
/// <param name="Path">
/// How the path ends; <c>{model}</c> stands for a segment, <c>{model*}</c> for all from the first place on that fits. Empty for a row that only names a provider.
/// </param>
/// <param name="Host">The hosts the row is for, with one <c>*</c> at most, and with a port only if it stands for a port; empty for any.</param>
/// <param name="Api">The API of the paths.</param>
/// <param name="Provider">Who serves the hosts, by the name the prices have for it.</param>
internal sealed record ModelRoute(string Path, string Host, ModelApi? Api, string? Provider)
{
    private readonly string _before = Path.Contains('{', StringComparison.Ordinal) ? Path[..Path.IndexOf('{', StringComparison.Ordinal)] : "";
    private readonly string _after = Path[(Path.IndexOf('}', StringComparison.Ordinal) + 1)..];
    private readonly bool _isGreedy = Path.Contains("{model*}", StringComparison.Ordinal);

    /// <summary>A row for any host.</summary>
    public static ModelRoute Of(string path, ModelApi api) => new(path, "", api, null);

    /// <summary>A row that says who serves a host.</summary>
    public static ModelRoute At(string host, string provider) => new("", host, null, provider);

    /// <summary>What follows the last slash or colon of every path that fits.</summary>
    public string Tail { get; } = Path[(Path.LastIndexOfAny(['/', ':']) + 1)..];

    /// <summary>True if a path fits; the model it names, if the row has a place for one.</summary>
    public bool Fits(string path, out string? model)
    {
        model = null;
        if (!path.EndsWith(_after, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        if (_before.Length == 0)
        {
            return true;
        }

        var end = path.Length - _after.Length;
        var place = path.AsSpan(0, end);
        var start = _isGreedy ? place.IndexOf(_before, StringComparison.OrdinalIgnoreCase) + _before.Length : place.LastIndexOf('/') + 1;
        if (start >= end || start < _before.Length || !place[..start].EndsWith(_before, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        model = Uri.UnescapeDataString(path[start..end]);
        return model.Length > 0;
    }

    /// <summary>True if the row is for a host.</summary>
    public bool IsFor(ReadOnlySpan<char> host)
    {
        var pattern = Host.AsSpan();
        if (!pattern.Contains(':') && host.IndexOf(':') is >= 0 and var port)
        {
            host = host[..port];
        }

        var star = pattern.IndexOf('*');
        if (star < 0)
        {
            return host.Equals(pattern, StringComparison.OrdinalIgnoreCase);
        }

        return host.Length >= pattern.Length && host.StartsWith(pattern[..star], StringComparison.OrdinalIgnoreCase)
            && host.EndsWith(pattern[(star + 1)..], StringComparison.OrdinalIgnoreCase);
    }
}
