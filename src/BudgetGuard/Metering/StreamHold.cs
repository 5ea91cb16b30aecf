using BudgetGuard.Api;
using BudgetGuard.Configuration;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// Holds a stream's money in parts: its prompt and some output at first, and more ahead of need while the answer passes. What is held always covers what
/// was counted and what may be on the way; where no more can be had, the setting or the budget that refused says whether the stream ends.
/// </summary>
/// <remarks>More is asked for once half of the last part is used, so that a store far away has answered before the rest is.</remarks>
internal sealed class StreamHold
{
    // No answer is longer, and twice of it is still a number.
    private const long MostTokens = 1_000_000_000_000;

    private readonly DefaultCostEstimator _costs;
    private readonly ModelCall _call;
    private readonly SettingsSource _settings;
    private readonly long _part;

    // What the provider itself lets the answer be: more than that need never be held.
    private readonly long _most;
    private GuardedRequest? _request;
    private Task<HoldExtension>? _asking;
    private long _asked;
    private long _covered;
    private long _next;

    private StreamHold(DefaultCostEstimator costs, ModelCall call, SettingsSource settings, Charge estimate)
    {
        _costs = costs;
        _call = call;
        _settings = settings;
        _part = settings.Current.StreamHoldTokens;
        _most = Math.Min(TokenBound.Output(call.Request, call.Api) ?? MostTokens, MostTokens);
        _covered = Math.Min(_part, _most);
        Estimate = estimate;
        Plan();
    }

    /// <summary>The upper bound of the whole request.</summary>
    public Charge Estimate { get; }

    /// <summary>The budget that has nothing left for more of the stream, so that it has to end; null while it may go on.</summary>
    public string? ExhaustedBudget { get; private set; }

    /// <summary>Lets a request that will be streamed hold its first part instead of all it may cost.</summary>
    public static void Begin(GuardedRequest request, ModelCall call, DefaultCostEstimator costs, SettingsSource settings)
    {
        Charge estimate = request.KnownAmount;
        var hold = new StreamHold(costs, call, settings, estimate);
        Charge first = hold.BoundOf(request, hold._part);
        request.Stream = hold;
        request.Amount = new Charge(first.Cost < estimate.Cost ? first.Cost : estimate.Cost, Math.Min(first.Tokens, estimate.Tokens), estimate.Requests);
        hold._request = request;
    }

    /// <summary>
    /// Covers what was written until now. Null: the bytes may go on at once; else they wait for this, which never fails.
    /// </summary>
    public Task? Cover(in GeneratedText written)
    {
        // Half a token a byte is more than any bound gives: most pieces need no exact count.
        if (_asking is null && (written.Bytes >> 1) + StreamCosts.OnTheWay < _next && written.Pieces + StreamCosts.OnTheWay < _next)
        {
            return null;
        }

        long tokens = StreamCosts.Tokens(written, _request!.Model) + StreamCosts.OnTheWay;
        if (_asking is { } asked)
        {
            if (!asked.IsCompleted)
            {
                return tokens > _covered ? asked : null;
            }

            _asking = null;
            Take(Completed(asked), tokens);
        }

        while (tokens > _next && ExhaustedBudget is null)
        {
            if (Ask(tokens) is { } pending)
            {
                return tokens > _covered ? pending : null;
            }
        }

        return null;
    }

    // Only asked of a task that is complete: nothing is waited for here.
    private static HoldExtension Completed(Task<HoldExtension> asked) =>
        asked.IsCompletedSuccessfully ? asked.GetAwaiter().GetResult() : HoldExtension.Failed;

    private Task<HoldExtension>? Ask(long tokens)
    {
        GuardedRequest request = _request!;
        long wanted = Math.Max(_covered + _part, tokens + (_part / 2));
        _asked = _covered < _most ? Math.Min(_most, wanted) : wanted;
        Charge bound = BoundOf(request, _asked);
        Charge held = request.KnownAmount;
        var more = new Charge(
            bound.Cost > held.Cost ? bound.Cost - held.Cost : Money.Zero, Math.Max(0, bound.Tokens - held.Tokens), Requests: 0);
        ValueTask<HoldExtension> asking = request.ExtendAsync(more);
        if (!asking.IsCompleted)
        {
            return _asking = asking.AsTask();
        }

        // Complete, as a tracker in memory always is: nothing is waited for here.
        Take(asking.IsCompletedSuccessfully ? asking.Result : HoldExtension.Failed, tokens);
        return null;
    }

    private void Take(in HoldExtension answer, long tokens)
    {
        if (answer.IsGranted)
        {
            _covered = _asked;
            Plan();
        }
        else if (answer.IsOver)
        {
            // Somebody settled it, or it expired: the settlement corrects what was charged.
            _next = long.MaxValue;
        }
        else if (tokens <= _covered)
        {
            // Money may come back until what is held is used up.
            _next = _covered;
        }
        else if (MustEnd(answer) is { } budget)
        {
            ExhaustedBudget = budget;
        }
        else
        {
            _next = tokens + (_part / 2);
        }
    }

    /// <summary>
    /// The count is a bound, and may be more than the tokens there are: an answer that looks longer than its cap is believed up to twice of it. A provider
    /// that writes on has not read the cap.
    /// </summary>
    private void Plan() => _next = _covered == _most ? _most + Math.Max(_most, StreamCosts.OnTheWay * 4) : _covered - (_part / 2);

    /// <summary>The budget for whose sake the stream ends; null if it goes on.</summary>
    private string? MustEnd(in HoldExtension answer)
    {
        GuardSettings settings = _settings.Current;
        if (answer.Refusals.IsDefaultOrEmpty)
        {
            return settings.FailOpen ? null : _request!.Budget ?? string.Empty;
        }

        foreach (Refusal refusal in answer.Refusals)
        {
            BudgetTerms terms = refusal.Account.Terms;
            if (terms.Enforced && (settings.OnStreamExhausted ?? (terms.OnExceeded == BudgetAction.Reject ? StreamExhaustion.Cut : StreamExhaustion.Finish))
                == StreamExhaustion.Cut)
            {
                return terms.Name;
            }
        }

        return null;
    }

    private Charge BoundOf(GuardedRequest request, long output) =>
        _costs.Estimate(request, null, _call with { Request = _call.Request with { MaxOutputTokens = output, Answers = 1 } });
}
