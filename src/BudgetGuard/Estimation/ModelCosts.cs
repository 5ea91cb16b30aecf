using System.Collections.Concurrent;
using BudgetGuard.Alerts.Raising;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Identification;
using BudgetGuard.Pricing;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Estimation;

/// <summary>What a model call may cost and did cost, by the catalogue and by what the settings say of free and unpriced models. Never silently nothing.</summary>
internal sealed class ModelCosts(SettingsSource settings, IPriceCatalog catalog, TimeProvider time, AlertRaiser alerts, ILogger<ModelCosts> logger)
{
    /// <summary>Input that a request refers to without showing it, where the model's context window is unknown.</summary>
    private const long HiddenInputTokens = 128_000;

    private const int MostToldModels = 1_000;

    private readonly ImageCosts _images = new(catalog, time);
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.OrdinalIgnoreCase);
    private int _toldCount;
    private long _toldDay;

    /// <summary>The upper bound of a model request; null if its model has no price and such models are rejected.</summary>
    /// <param name="request">What the body says.</param>
    /// <param name="api">Whose body it is.</param>
    /// <param name="model">The model, where the body, the path or the app names it.</param>
    public Charge? BoundOf(ModelRequest request, ModelApi api, string? model)
    {
        if (IsFreeCall(api, model))
        {
            return new Charge(Money.Zero);
        }

        GuardSettings current = settings.Current;
        ModelPrice? price = model is null ? null : catalog.Find(model, api.Provider);
        (long input, long output) = BoundTokens(request, api, model, price);
        long tokens = Sum(input, output);
        if (model is not null && IsFree(model, current))
        {
            return new Charge(Money.Zero, tokens);
        }

        if (price is not null && (price.PricesTokens || request.AudioSeconds > 0))
        {
            return new Charge(price.BoundOf(input, output, time.GetUtcNow(), TraitsOf(request), request.ServiceTier, request.AudioSeconds), tokens);
        }

        if (Unpriced(model, current) is not { } cost)
        {
            return null;
        }

        if (api != ModelApis.OpenAIImages)
        {
            return new Charge(cost, tokens);
        }

        cost = ImageCosts.Of(cost, request.Answers);
        return new Charge(model is null ? _images.AtLeastDearest(cost, input, output, request.ServiceTier) : cost, tokens);
    }

    /// <summary>The upper bound of a model request's input plus output tokens.</summary>
    public long TokensOf(ModelRequest request, ModelApi api, string? model)
    {
        if (IsFreeCall(api, model))
        {
            return 0;
        }

        (long input, long output) = BoundTokens(request, api, model, model is null ? null : catalog.Find(model, api.Provider));
        return Sum(input, output);
    }

    /// <summary>The flat cost of a request that shows nothing but perhaps a model's name; null if that model has no price and such models are rejected.</summary>
    public Money? FlatCostOf(string? model)
    {
        GuardSettings current = settings.Current;
        bool isRejected = model is not null && current.UnpricedModels == UnpricedModels.Reject && catalog.Find(model) is null && !IsFree(model, current);
        return isRejected ? null : current.DefaultCost;
    }

    /// <summary>What usage really cost: as the provider reported it, else by the price of the model that answered, else of the one that was asked.</summary>
    /// <param name="usage">The usage.</param>
    /// <param name="request">The request it is of.</param>
    public Charge CostOf(TokenUsage usage, BudgetRequest request)
    {
        GuardSettings current = settings.Current;
        long tokens = Sum(usage.InputTokens, usage.OutputTokens);
        if (usage.ReportedCostUsd is { } reported)
        {
            return new Charge(Money.FromUsd(reported), tokens);
        }

        // What only a header names cannot make the usage cheaper than a request without it.
        bool claimed = usage.Model is null && request.ModelIsOnlyClaimed;
        string? model = usage.Model ?? request.Model;
        if (model is not null && !claimed && IsFree(model, current))
        {
            return new Charge(Money.Zero, tokens);
        }

        if (usage.Parts is { } parts)
        {
            return CostOf(parts, request);
        }

        // An answer may name its model in a way no table knows; then the model that was asked for is the better guess.
        ModelPrice? price = model is null ? null : catalog.Find(model) ?? (request.Model is { } asked ? catalog.Find(asked) : null);
        Money cost = (price?.Covers(usage) == true ? price.CostOf(usage, time.GetUtcNow()) : Unpriced(model, current)) ?? current.DefaultCost;
        if (model is null || claimed)
        {
            cost = _images.AtLeastDearest(cost, usage);
        }

        return new Charge(claimed && cost < current.DefaultCost ? current.DefaultCost : cost, tokens);
    }

    /// <summary>OpenAI's moderations are free; others who have the same route bill theirs.</summary>
    private static bool IsFreeCall(ModelApi api, string? model) =>
        api.IsFree && (api != ModelApis.OpenAIModerations || model is null
            || model.Contains("omni-moderation", StringComparison.OrdinalIgnoreCase) || model.Contains("text-moderation", StringComparison.OrdinalIgnoreCase));

    private (long Input, long Output) BoundTokens(ModelRequest request, ModelApi api, string? model, ModelPrice? price)
    {
        long input = TokenBound.Input(request, price?.Model ?? model);
        if (request.HasHiddenInput)
        {
            input = Math.Max(input, price?.ContextWindow ?? HiddenInputTokens);
        }

        long output = TokenBound.Output(request, api)
            ?? TokenBound.DefaultOutput(request, price?.MaxOutputTokens, settings.Current.DefaultMaxOutputTokens);
        return (input, output);
    }

    /// <summary>Several models worked on one answer: each part is priced as its own.</summary>
    private Charge CostOf(IReadOnlyList<TokenUsage> parts, BudgetRequest request)
    {
        Charge sum = new(Money.Zero);
        foreach (TokenUsage part in parts)
        {
            Charge one = CostOf(part, request);
            sum = new Charge(sum.Cost + one.Cost, Sum(sum.Tokens, one.Tokens));
        }

        return sum;
    }

    private static CallTraits TraitsOf(ModelRequest request) =>
        (request.AsksForCaching ? CallTraits.CacheWrites : CallTraits.None)
        | (request.Images > 0 || request.MediaBytes > 0 || request.MediaReferences > 0 || request.AudioSeconds > 0 ? CallTraits.Media : CallTraits.None);

    private static long Sum(long input, long output)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(input);
        ArgumentOutOfRangeException.ThrowIfNegative(output);
        return input > long.MaxValue - output ? long.MaxValue : input + output;
    }

    private static bool IsFree(string model, GuardSettings current)
    {
        foreach (WildcardPattern pattern in current.FreeModels)
        {
            if (pattern.Matches(model))
            {
                return true;
            }
        }

        return false;
    }

    private Money? Unpriced(string? model, GuardSettings current)
    {
        if (model is not null)
        {
            TellUnpriced(model, current);
        }

        return current.UnpricedModels switch
        {
            UnpricedModels.Reject => null,
            UnpricedModels.Allow when model is not null => Money.Zero,
            _ => current.DefaultCost,
        };
    }

    /// <summary>Tells of a model without a price, in the log and by an alert, once a day; of so many a day at most, because clients make names up.</summary>
    private void TellUnpriced(string model, GuardSettings current)
    {
        long today = time.GetUtcNow().UtcTicks / TimeSpan.TicksPerDay;
        if (Volatile.Read(ref _toldDay) != today && Interlocked.Exchange(ref _toldDay, today) != today)
        {
            _told.Clear();
            Volatile.Write(ref _toldCount, 0);
        }

        if (Volatile.Read(ref _toldCount) < MostToldModels && _told.TryAdd(model, true))
        {
            Interlocked.Increment(ref _toldCount);
            GuardLog.ModelUnpriced(logger, GuardLog.Printable(model), current.UnpricedModels);
            alerts.ModelUnpriced(model, current.UnpricedModels);
        }
    }
}
