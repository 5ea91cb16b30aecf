using BudgetGuard.Configuration;
using Microsoft.Extensions.Caching.Memory;

namespace BudgetGuard.Policy;

/// <summary>
/// Remembers which budgets apply to whom, and denials together with the amount that was denied. An allow is never served from here: it always takes its hold.
/// A remembered denial holds for any amount at least as high, until its time is over or money was freed on one of its accounts.
/// </summary>
internal sealed class CachedBudgetPolicy : IBudgetPolicy, IDisposable
{
    private const int MaxEntries = 65_536;
    private const int Stripes = 64;

    private const int RecentEntries = 4_096;

    private readonly BudgetPolicy _inner;
    private readonly SettingsSource _settings;
    private readonly ICostTracker _tracker;
    private readonly Func<long> _priceVersion;
    private readonly TimeProvider _time;
    private readonly MemoryCache _cache;
    private readonly Lock[] _misses;

    // In front of the cache, which wants a boxed key and reads the clock: the entry that was used last for each of so many hashes.
    private readonly Entry?[] _recent = new Entry?[RecentEntries];

    public CachedBudgetPolicy(BudgetPolicy inner, SettingsSource settings, ICostTracker tracker, Func<long> priceVersion, TimeProvider time)
    {
        _inner = inner;
        _settings = settings;
        _tracker = tracker;
        _priceVersion = priceVersion;
        _time = time;
        _cache = new MemoryCache(new MemoryCacheOptions { SizeLimit = MaxEntries });
        _misses = new Lock[Stripes];
        for (int i = 0; i < Stripes; i++)
        {
            _misses[i] = new Lock();
        }
    }

    /// <summary>How many entries there are now; never above a fixed number.</summary>
    public int Count => _cache.Count;

    public ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, CancellationToken cancellationToken) =>
        TryDecide(request, out BudgetDecision decision) ? new ValueTask<BudgetDecision>(decision) : AwaitAsync(request, cancellationToken);

    /// <summary>Decides at once where a denial is remembered or the tracker is in memory; false where the tracker has to be awaited.</summary>
    public bool TryDecide(BudgetRequest request, out BudgetDecision decision)
    {
        GuardSettings current = _settings.Current;
        if (!current.CacheDecisions)
        {
            return _inner.TryDecide(request, _inner.Match(request, current), current, out decision);
        }

        Entry entry = Find(request, current);
        if (entry.Denied is { } denied)
        {
            if (request.Id == default && denied.Covers(request.AmountOr(current.DefaultCost)) && denied.Until > _time.GetUtcNow()
                && denied.FreedVersion == _tracker.ReadFreedVersion(entry.Plan.Accounts))
            {
                decision = denied.Decision;
                return true;
            }

            entry.Denied = null;
        }

        if (!_inner.TryDecide(request, entry.Plan, current, out decision))
        {
            return false;
        }

        if (decision.Denial is not null)
        {
            // Read first, decided again: money that is freed in between makes the remembered denial stale at once. An allow, by far the commonest, reads nothing.
            long freed = _tracker.ReadFreedVersion(entry.Plan.Accounts);
            _inner.TryDecide(request, entry.Plan, current, out decision);
            if (decision.Denial is not null)
            {
                Remember(entry, decision, request.AmountOr(current.DefaultCost), freed, current);
            }
        }

        return true;
    }

    /// <summary>
    /// The common allow: the same was asked not long ago, no denial is remembered, and every account admits it in memory. False, and nothing is done, where
    /// the policy has to be asked.
    /// </summary>
    public bool TryGrant(BudgetRequest request, out Grant grant)
    {
        GuardSettings current = _settings.Current;
        Entry? recent = _recent[PlanKey.QuickHashOf(request) & (RecentEntries - 1)];
        if (recent is { Denied: null } && current.CacheDecisions && IsOf(recent, request, current))
        {
            return _inner.TryGrant(request, recent.Plan, current, out grant);
        }

        grant = default;
        return false;
    }

    public void Dispose() => _cache.Dispose();

    private bool IsOf(Entry entry, BudgetRequest request, GuardSettings current) => entry.Key.IsOf(request) && entry.IsCurrent(current, _priceVersion());

    private async ValueTask<BudgetDecision> AwaitAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        GuardSettings current = _settings.Current;
        if (!current.CacheDecisions)
        {
            return await _inner.DecideAsync(request, cancellationToken).ConfigureAwait(false);
        }

        Entry entry = Find(request, current);
        long freed = _tracker.ReadFreedVersion(entry.Plan.Accounts);
        BudgetDecision decision = await _inner.DecideAsync(request, entry.Plan, current, cancellationToken).ConfigureAwait(false);
        if (!decision.IsAllowed)
        {
            Remember(entry, decision, request.AmountOr(current.DefaultCost), freed, current);
        }

        return decision;
    }

    private void Remember(Entry entry, BudgetDecision decision, Charge amount, long freed, GuardSettings current)
    {
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset until = now + current.CacheTtl;
        Denial denial = decision.Denial!;

        // What others hold may expire without a word; and every account of the plan may admit sooner than the deciding one.
        DateTimeOffset sooner = denial.Reason == DenialReason.HeldByOthers ? now : Earliest(denial.RetryAt, denial.ResetsAt);
        entry.Denied = sooner > now ? new RememberedDenial(decision, amount, sooner < until ? sooner : until, freed) : null;
    }

    private static DateTimeOffset Earliest(DateTimeOffset? one, DateTimeOffset? other)
    {
        DateTimeOffset a = one ?? DateTimeOffset.MaxValue;
        DateTimeOffset b = other ?? DateTimeOffset.MaxValue;
        return a < b ? a : b;
    }

    private Entry Find(BudgetRequest request, GuardSettings current)
    {
        int hash = PlanKey.QuickHashOf(request);
        ref Entry? recent = ref _recent[hash & (RecentEntries - 1)];
        return recent is { } known && IsOf(known, request, current) ? known : recent = FindInCache(new PlanKey(request), hash, request, current);
    }

    private Entry FindInCache(PlanKey key, int hash, BudgetRequest request, GuardSettings current)
    {
        object boxed = key;
        if (_cache.TryGetValue(boxed, out object? value) && value is Entry found && found.IsCurrent(current, _priceVersion()))
        {
            return found;
        }

        lock (_misses[(hash & int.MaxValue) % Stripes])
        {
            long prices = _priceVersion();
            if (_cache.TryGetValue(boxed, out value) && value is Entry added && added.IsCurrent(current, prices))
            {
                return added;
            }

            var entry = new Entry(key, _inner.Match(request, current), current, prices);
            using ICacheEntry place = _cache.CreateEntry(boxed);
            place.Value = entry;
            place.Size = 1;
            place.AbsoluteExpirationRelativeToNow = current.CacheTtl;
            return entry;
        }
    }

    private sealed class Entry(PlanKey key, BudgetPlan plan, GuardSettings settings, long priceVersion)
    {
        private volatile RememberedDenial? _denied;

        public readonly PlanKey Key = key;

        public BudgetPlan Plan { get; } = plan;

        public RememberedDenial? Denied
        {
            get => _denied;
            set => _denied = value;
        }

        /// <summary>False after a reload of settings or prices: other budgets, limits or names may apply now.</summary>
        public bool IsCurrent(GuardSettings current, long prices) => ReferenceEquals(settings, current) && priceVersion == prices;
    }

    private sealed record RememberedDenial(BudgetDecision Decision, Charge Amount, DateTimeOffset Until, long FreedVersion)
    {
        /// <summary>What was refused once is refused for any amount that is at least as high in every unit.</summary>
        public bool Covers(in Charge amount) =>
            amount.Cost >= Amount.Cost && amount.Tokens >= Amount.Tokens && amount.Requests >= Amount.Requests;
    }
}
