using System.Collections.Immutable;
using System.Globalization;
using BudgetGuard.Gateway.Forwarding;
using BudgetGuard.Gateway.Routing;

namespace BudgetGuard.Gateway.Settings;

/// <summary>Reads and checks the section <c>Gateway</c>: what cannot be used is a problem, and all of them are told at once.</summary>
internal sealed class GatewaySettingsReader
{
    private const int LeastAdminKey = 32;

    private readonly List<string> _problems = [];
    private readonly SectionReader _reader;

    private GatewaySettingsReader() => _reader = new SectionReader(_problems);

    /// <summary>The settings; where there are problems, defaults stand in for what could not be read.</summary>
    public static GatewaySettings Read(IConfiguration configuration, out IReadOnlyList<string> problems)
    {
        GatewaySettingsReader reader = new();
        GatewaySettings settings = reader.Read(configuration.GetSection(GatewaySettings.SectionName));
        reader._problems.AddRange(ListenAddresses.ProblemsOf(configuration));
        reader._problems.AddRange(OpenProxy.ProblemsOf(settings, configuration));
        problems = reader._problems;
        return settings;
    }

    private GatewaySettings Read(IConfigurationSection section)
    {
        _reader.CheckKeys(section, "Store", "ConnectionString", "Leases", "Upstreams", "Keys", "AdminKey", "FreeRequestsPerMinute", "ShutdownTimeout");
        GatewaySettings settings = new() { Store = new StoreReader(_reader, _problems).Read(section), Upstreams = ReadUpstreams(section.GetSection("Upstreams")), Keys = ReadKeys(section.GetSection("Keys")) };
        return settings with
        {
            AdminKey = ReadAdminKey(section, settings.Keys),
            FreeRequestsPerMinute = _reader.Count(section, "FreeRequestsPerMinute", 1, 1_000_000) ?? settings.FreeRequestsPerMinute,
            ShutdownTimeout = _reader.Duration(section, "ShutdownTimeout") ?? settings.ShutdownTimeout,
        };
    }

    private ImmutableDictionary<Vendor, UpstreamSettings> ReadUpstreams(IConfigurationSection section)
    {
        _reader.CheckKeys(section, Vendors.Names);
        return Vendors.All.ToImmutableDictionary(static vendor => vendor, vendor => ReadUpstream(section.GetSection(Vendors.NameOf(vendor))));
    }

    private UpstreamSettings ReadUpstream(IConfigurationSection section)
    {
        _reader.CheckKeys(section, "Address", "ApiKey", "KeyHeader", "ActivityTimeout");
        UpstreamSettings defaults = new();
        UpstreamSettings upstream = defaults with
        {
            Address = ReadAddress(section),
            ApiKey = _reader.Secret(section, "ApiKey"),
            KeyHeader = ReadHeader(section),
            ActivityTimeout = _reader.Duration(section, "ActivityTimeout") ?? defaults.ActivityTimeout,
        };
        if (upstream.ApiKey is not null && _reader.Text(section, "Address") is null)
        {
            _problems.Add($"{section.Path}:ApiKey: is set without an address, and the simulated model takes no key; expected {section.Path}:Address beside it");
        }

        return upstream;
    }

    private Uri? ReadAddress(IConfigurationSection section)
    {
        string? text = _reader.Text(section, "Address");
        if (text is null)
        {
            return null;
        }

        string path = $"{section.Path}:Address";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            _problems.Add($"{path}: '{text}' is no base address; expected one such as https://api.example.com");
            return null;
        }

        if (address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
        {
            // Not shown: what stands before the '@' or in the query may be a secret.
            _problems.Add($"{path}: has a user, a query or a fragment; expected only scheme, host, port and path");
            return null;
        }

        if (address.AbsolutePath.TrimEnd('/') is var ending && (ending.EndsWith("/v1", StringComparison.Ordinal) || ending.EndsWith("/v1beta", StringComparison.Ordinal)))
        {
            _problems.Add($"{path}: '{text}' ends with the version that the routes bring with them; expected it without");
            return null;
        }

        if (RouteAtTheEndOf(address) is { } route)
        {
            _problems.Add($"{path}: '{text}' ends with the route {route}, which requests bring with them; expected it without");
            return null;
        }

        return address;
    }

    private static string? RouteAtTheEndOf(Uri address)
    {
        string path = address.AbsolutePath.TrimEnd('/');
        return GatewayRoutes.All.FirstOrDefault(route => path.EndsWith(route.Pattern, StringComparison.OrdinalIgnoreCase))?.Pattern;
    }

    private string? ReadHeader(IConfigurationSection section)
    {
        string? name = _reader.Text(section, "KeyHeader");
        if (name is null || (HeaderNames.IsName(name) && !HeaderNames.IsOfMessage(name)))
        {
            return name;
        }

        _problems.Add($"{section.Path}:KeyHeader: '{name}' is {(HeaderNames.IsName(name) ? "a header of the message itself" : "no header name")}; expected one such as api-key");
        return null;
    }

    private ImmutableArray<CallerKeySettings> ReadKeys(IConfigurationSection section)
    {
        if (section.Value is { Length: > 0 })
        {
            _problems.Add($"{section.Path}: is a list; expected {section.Path}:0:Key, {section.Path}:0:User and so on");
        }

        var keys = ImmutableArray.CreateBuilder<CallerKeySettings>();
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (IConfigurationSection entry in section.GetChildren())
        {
            if (!int.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                _problems.Add($"{entry.Path}: unknown key; expected a number, as the keys are a list");
                continue;
            }

            _reader.CheckKeys(entry, "Key", "User", "Team");
            string? key = _reader.Secret(entry, "Key");
            string? user = ReadName(entry, "User");
            Require(entry, "Key", "the key that callers present");
            Require(entry, "User", "whom the key stands for");
            if (key is not null && !seen.Add(key))
            {
                _problems.Add($"{entry.Path}:Key: is there twice; expected a key of its own for each entry");
            }

            keys.Add(new CallerKeySettings(key ?? "", user ?? "", ReadName(entry, "Team")));
        }

        return keys.ToImmutable();
    }

    private string? ReadAdminKey(IConfigurationSection section, ImmutableArray<CallerKeySettings> keys)
    {
        string? key = _reader.Secret(section, "AdminKey");
        if (key is { Length: < LeastAdminKey })
        {
            _problems.Add($"{section.Path}:AdminKey: is shorter than {LeastAdminKey} characters; expected a long random one, as 'openssl rand -hex 32' makes");
            return null;
        }

        if (key is not null && keys.Any(caller => caller.Key == key))
        {
            _problems.Add($"{section.Path}:AdminKey: is the key of a caller too; expected one that nobody else has");
        }

        return key;
    }

    private void Require(IConfigurationSection entry, string key, string what)
    {
        if (string.IsNullOrWhiteSpace(entry[key]))
        {
            _problems.Add($"{entry.Path}:{key}: is missing; expected {what}");
        }
    }

    /// <summary>A name that the guard would refuse on every request is refused at start.</summary>
    private string? ReadName(IConfigurationSection entry, string key)
    {
        string? name = _reader.Text(entry, key);
        if (name is null || (name.Length <= 256 && !name.Any(char.IsControl)))
        {
            return name;
        }

        _problems.Add($"{entry.Path}:{key}: is longer than 256 characters or has control characters; expected a plain name");
        return null;
    }
}
