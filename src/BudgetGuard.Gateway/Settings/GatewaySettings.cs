using BudgetGuard.Gateway.Routing;
using System.Collections.Immutable;

namespace BudgetGuard.Gateway.Settings;

/// <summary>The section <c>Gateway</c>, read once at start.</summary>
internal sealed record GatewaySettings
{
    public const string SectionName = "Gateway";

    /// <summary>Where accounts are kept.</summary>
    public StoreSettings Store { get; init; } = new(StoreKind.Sqlite);

    /// <summary>One for each vendor, also where nothing is configured.</summary>
    public required ImmutableDictionary<Vendor, UpstreamSettings> Upstreams { get; init; }

    /// <summary>True where any vendor has an address. Only without one does the simulated model answer: it must not stand in for a vendor that was forgotten.</summary>
    public bool HasUpstream => Upstreams.Values.Any(static upstream => upstream.Address is not null);

    /// <summary>The keys callers present; empty: callers name themselves.</summary>
    public required ImmutableArray<CallerKeySettings> Keys { get; init; }

    /// <summary>What administrators present; null: only programs of this machine use the API.</summary>
    public string? AdminKey { get; init; }

    /// <summary>What one caller may ask of the free routes in a minute.</summary>
    public int FreeRequestsPerMinute { get; init; } = 120;

    /// <summary>How long requests in flight may go on once the program is told to stop.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Where accounts can be kept.</summary>
internal enum StoreKind
{
    Memory,
    Sqlite,
    Redis,
}

/// <summary>Where accounts are kept.</summary>
/// <param name="Kind">The kind of store.</param>
/// <param name="Place">The file or the server of the store; null: its default, or what the guard's own section says.</param>
/// <param name="Leases">Of Redis: whether the gateway borrows parts of accounts.</param>
internal sealed record StoreSettings(StoreKind Kind, string? Place = null, bool Leases = true);

/// <summary>Where a vendor's requests go.</summary>
internal sealed record UpstreamSettings
{
    /// <summary>Null: the simulated model answers, where no other vendor has an address either.</summary>
    public Uri? Address { get; init; }

    /// <summary>The provider's key; null: whatever the caller sent passes through.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The header the key is sent in; null: the vendor's own.</summary>
    public string? KeyHeader { get; init; }

    /// <summary>How long nothing may come of an answer. Long, because a model that reasons is silent.</summary>
    public TimeSpan ActivityTimeout { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>A key of a caller, and whom it stands for.</summary>
internal sealed record CallerKeySettings(string Key, string User, string? Team);
