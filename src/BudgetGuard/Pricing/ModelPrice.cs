using BudgetGuard.Pricing;

namespace BudgetGuard;

/// <summary>What one model costs: dated, tiered prices in nano-dollars per million tokens.</summary>
public sealed class ModelPrice
{
    // Long enough for any one call; only the bound of a call that starts that shortly before a dearer hour or date is raised by it.
    private static readonly TimeSpan _longestCall = TimeSpan.FromHours(1);

    private readonly PricePeriod[] _periods;
    private readonly string _providerKey;
    private readonly bool _isFree;
    private readonly bool _changes;
    private readonly bool _writesUnasked;

    internal ModelPrice(string provider, string model, PricePeriod[] periods, bool isFree = false)
    {
        Provider = provider;
        Model = model;
        _periods = periods;
        _isFree = isFree;
        _providerKey = ProviderNames.Canonical(provider);
        _changes = Array.Exists(periods, static period => period.From is not null || period.Hours is not null);

        // Claude, Nova and Gemini write a billed cache only where the request asks for it; the other providers that bill writes write on their own.
        _writesUnasked = !Has("claude") && !Has("nova") && !Has("gemini");
    }

    /// <summary>The provider's name in the price file, for example <c>openai</c>.</summary>
    public string Provider { get; }

    /// <summary>The canonical name of the model.</summary>
    public string Model { get; }

    /// <summary>The most tokens the model generates in one answer; null if unknown.</summary>
    public int? MaxOutputTokens { get; internal init; }

    /// <summary>The most tokens the model reads and writes in one request; null if unknown.</summary>
    public int? ContextWindow { get; internal init; }

    /// <summary>True if tokens of the model have a price; false where only hours of audio have one.</summary>
    internal bool PricesTokens => _isFree || Array.TrueForAll(_periods, static period => period.PricesTokens);

    /// <summary>True if hours of audio have a price.</summary>
    internal bool PricesAudioHours => _isFree || Array.TrueForAll(_periods, static period => period.PerAudioHour is not null);

    /// <summary>True if all that was used has a price: without one it must not count as nothing.</summary>
    internal bool Covers(TokenUsage usage) =>
        (PricesTokens || (usage.AudioSeconds > 0 && usage.InputTokens == 0 && usage.OutputTokens == 0)) && (usage.AudioSeconds == 0 || PricesAudioHours);

    /// <summary>Makes a price, for a catalogue of your own.</summary>
    /// <param name="provider">The provider's name, for example <c>openai</c>.</param>
    /// <param name="model">The canonical name of the model.</param>
    /// <param name="inputUsdPerMillion">US dollars for a million tokens of the prompt.</param>
    /// <param name="outputUsdPerMillion">US dollars for a million generated tokens.</param>
    /// <param name="options">Other rates and the limits of the model; null means that everything costs as input or output does.</param>
    /// <exception cref="ArgumentException">
    /// A name is empty; a price is negative, above 100,000 or finer than a nano-dollar; a limit is not above zero; or both input and output cost nothing
    /// and <see cref="ModelPriceOptions.Free"/> is not set.
    /// </exception>
    public static ModelPrice Create(
        string provider, string model, decimal inputUsdPerMillion, decimal outputUsdPerMillion, ModelPriceOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(provider);
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        options ??= new ModelPriceOptions();
        NamedRates rates = new()
        {
            Input = Checked(inputUsdPerMillion, nameof(inputUsdPerMillion)),
            Output = Checked(outputUsdPerMillion, nameof(outputUsdPerMillion)),
            CachedInput = Checked(options.CachedInput, nameof(options.CachedInput)),
            CacheWrite = Checked(options.CacheWrite, nameof(options.CacheWrite)),
            CacheWrite1h = Checked(options.CacheWrite1h, nameof(options.CacheWrite1h)),
            AudioInput = Checked(options.AudioInput, nameof(options.AudioInput)),
            AudioOutput = Checked(options.AudioOutput, nameof(options.AudioOutput)),
            ImageInput = Checked(options.ImageInput, nameof(options.ImageInput)),
            ImageOutput = Checked(options.ImageOutput, nameof(options.ImageOutput)),
            Reasoning = Checked(options.Reasoning, nameof(options.Reasoning)),
        };
        long perThousandRequests = Checked(options.PerThousandRequests, nameof(options.PerThousandRequests)) ?? 0;
        if (rates.Input == 0 && rates.Output == 0 && perThousandRequests == 0 && !options.Free)
        {
            throw new ArgumentException($"Model '{model}' would cost nothing; expected a price above 0, or Free set to true.", nameof(inputUsdPerMillion));
        }

        PricePeriod period = new(new RateCard(rates))
        {
            PerThousandRequests = perThousandRequests,
            PerThousandSearches = Checked(options.PerThousandWebSearches, nameof(options.PerThousandWebSearches)) ?? PricePeriod.UsualSearchFee,
        };
        return new ModelPrice(provider, model, [period], options.Free)
        {
            MaxOutputTokens = AboveZero(options.MaxOutputTokens, nameof(options.MaxOutputTokens)),
            ContextWindow = AboveZero(options.ContextWindow, nameof(options.ContextWindow)),
        };
    }

    /// <summary>
    /// What a call really cost, from its usage, at the prices in force at that time: the cost the provider reported if it did, else tokens times
    /// rates, rounded up to a nano-dollar once. A cost beyond what 64 bits hold is the highest <see cref="Money"/>.
    /// </summary>
    /// <param name="usage">What the call used. The service tiers <c>priority</c>, <c>flex</c>, <c>batch</c> and <c>fast</c> change the price.</param>
    /// <param name="at">When the call ran.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count or the reported cost is negative.</exception>
    public Money CostOf(TokenUsage usage, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(usage);
        RefuseNegative(usage);
        if (usage.ReportedCostUsd is { } reported)
        {
            return reported > long.MaxValue / Money.NanosPerUsd ? Money.FromNanos(long.MaxValue) : Money.FromUsd(reported);
        }

        return _isFree
            ? Money.Zero
            : CostFormula.Of(InForce(at), usage, ServiceTiers.TenthsOf(_providerKey, Model, usage.ServiceTier));
    }

    /// <summary>
    /// The most a call of that many tokens can cost, at the dearest rates it can reach: the highest tier its prompt reaches, prices that begin while it may
    /// still run, cache writes that the provider bills unasked. It assumes a prompt of text and no web searches.
    /// </summary>
    /// <param name="inputTokens">The most tokens the prompt has.</param>
    /// <param name="outputTokens">The most tokens of all answers together.</param>
    /// <param name="at">When the call starts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    public Money BoundOf(long inputTokens, long outputTokens, DateTimeOffset at) => BoundOf(inputTokens, outputTokens, at, CallTraits.None, null);

    /// <summary>The bound of a call of which more is known. A tier can only raise it: a call that asks for a cheap tier may be served by another.</summary>
    internal Money BoundOf(long inputTokens, long outputTokens, DateTimeOffset at, CallTraits traits, string? serviceTier, long audioSeconds = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(outputTokens);
        if (_isFree)
        {
            return Money.Zero;
        }

        int tenths = Math.Max(ServiceTiers.Standard, ServiceTiers.TenthsOf(_providerKey, Model, serviceTier));
        Money dearest = CostFormula.Bound(InForce(at), inputTokens, outputTokens, audioSeconds, tenths, traits, _writesUnasked);
        if (!_changes)
        {
            return dearest;
        }

        // Whatever begins while the call may run is in force the moment it begins, or when the hours of one that hides it end.
        DateTimeOffset end = at + _longestCall;
        foreach (PricePeriod period in _periods)
        {
            dearest = Dearer(dearest, period.From);
            if (period.Hours is { } hours)
            {
                dearest = Dearer(dearest, Next(at, hours.Start));
                dearest = Dearer(dearest, Next(at, hours.End));
            }
        }

        return dearest;

        Money Dearer(Money bound, DateTimeOffset? moment)
        {
            if (moment is null || moment <= at || moment > end)
            {
                return bound;
            }

            Money other = CostFormula.Bound(InForce(moment.Value), inputTokens, outputTokens, audioSeconds, tenths, traits, _writesUnasked);
            return other > bound ? other : bound;
        }
    }

    /// <summary>The same price under another name, each token that many times as dear.</summary>
    internal ModelPrice Times(int factor, string model) =>
        new(Provider, model, Array.ConvertAll(_periods, period => period.Times(factor)), _isFree)
        {
            MaxOutputTokens = MaxOutputTokens,
            ContextWindow = ContextWindow,
        };

    /// <summary>This price with the limits of another where it has none of its own.</summary>
    internal ModelPrice WithLimitsOf(ModelPrice other) => new(Provider, Model, _periods, _isFree)
    {
        MaxOutputTokens = MaxOutputTokens ?? other.MaxOutputTokens,
        ContextWindow = ContextWindow ?? other.ContextWindow,
    };

    /// <summary>The rate of input and output now, to compare hosts of one model.</summary>
    internal long DearnessAt(DateTimeOffset at) => _periods.Length == 0 ? 0 : InForce(at).Card.Input + InForce(at).Card.Output;

    private PricePeriod InForce(DateTimeOffset at)
    {
        for (int i = _periods.Length - 1; i > 0; i--)
        {
            if (_periods[i].IsInForce(at))
            {
                return _periods[i];
            }
        }

        return _periods[0];
    }

    private static DateTimeOffset Next(DateTimeOffset after, int minuteOfDay)
    {
        DateTimeOffset today = new(after.UtcDateTime.Date.AddMinutes(minuteOfDay), TimeSpan.Zero);
        return today > after ? today : today.AddDays(1);
    }

    private static void RefuseNegative(TokenUsage usage)
    {
        // One test for all: the sign of any negative count survives the or.
        long signs = usage.InputTokens | usage.OutputTokens | usage.CacheReadTokens | usage.CacheWriteTokens | usage.CacheWrite1hTokens
            | usage.ReasoningTokens | usage.AudioInputTokens | usage.CachedAudioInputTokens | usage.AudioOutputTokens
            | usage.ImageInputTokens | usage.ImageOutputTokens | usage.WebSearches
            | usage.AudioSeconds;
        if (signs < 0 || usage.ReportedCostUsd < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(usage), usage, "A usage has a negative count or cost; expected 0 or more.");
        }
    }

    private static long? Checked(decimal? usd, string name)
    {
        if (usd is null)
        {
            return null;
        }

        return UsdRate.TryParse(usd.Value, roundUp: false, out long nanos, out string expected)
            ? nanos
            : throw new ArgumentOutOfRangeException(name, usd, $"The price is out of range; {expected}.");
    }

    private static int? AboveZero(int? limit, string name) =>
        limit is <= 0 ? throw new ArgumentOutOfRangeException(name, limit, "A limit is not above 0.") : limit;

    private bool Has(string part) => Model.Contains(part, StringComparison.OrdinalIgnoreCase);
}
