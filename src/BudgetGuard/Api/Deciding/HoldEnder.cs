global using SettleResult = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<BudgetGuard.Api.Deciding.SettledAnswer>,
    BudgetGuard.Api.Deciding.Problem>;
using BudgetGuard.Configuration;
using BudgetGuard.Metering;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Deciding;

/// <summary>Ends the holds of callers of the API: settled at what the work really used, or released.</summary>
internal sealed class HoldEnder(Settler settler, HoldRegister register, ReportedUsage usages, SettingsSource settings, TimeProvider time)
{
    private const string NotTaken = "The store of the budget guard did not take it; the same again is safe.";

    /// <summary>Settles, also after the hold is over: what was used is a fact. The same again is answered the same.</summary>
    public async Task<SettleResult> SettleAsync(DecidedHold hold, SettleInput input)
    {
        await hold.Gate.EnterAsync().ConfigureAwait(false);
        try
        {
            // The same usage is the same settlement, though its prices may have changed meanwhile.
            byte[] with = Fingerprint.Of(input);
            if (hold.End == HoldEnd.Settled && with.AsSpan().SequenceEqual(hold.SettledWith))
            {
                return Settled(hold.Settled);
            }

            (Charge actual, long inputTokens, Problem? fault) = ChargeOf(hold, input);
            if (fault is not null)
            {
                return fault;
            }

            if (hold.End == HoldEnd.Settled)
            {
                return actual.Cost == hold.Settled ? Settled(hold.Settled) : Problem.Conflict("The hold was settled before at another cost.");
            }

            if (!await settler.TrySettleAsync(hold.Hold, actual, isLateTaken: false).ConfigureAwait(false))
            {
                return Problem.Unavailable(NotTaken);
            }

            settler.Count(hold.Terms.Request, hold.Hold.Accounts, actual, inputTokens);
            hold.Settled = actual.Cost;
            hold.SettledWith = with;
            End(hold, HoldEnd.Settled);
            return Settled(actual.Cost);
        }
        finally
        {
            hold.Gate.Leave();
        }
    }

    /// <summary>Gives everything back; does nothing where the hold was settled or released before. Null if it is done.</summary>
    public async Task<Problem?> ReleaseAsync(DecidedHold hold)
    {
        await hold.Gate.EnterAsync().ConfigureAwait(false);
        try
        {
            if (hold.End != HoldEnd.None)
            {
                return null;
            }

            if (!await settler.TryReleaseAsync(hold.Hold).ConfigureAwait(false))
            {
                return Problem.Unavailable(NotTaken);
            }

            settler.CountNothing(hold.Terms.Request);
            End(hold, HoldEnd.Released);
            return null;
        }
        finally
        {
            hold.Gate.Leave();
        }
    }

    private static SettleResult Settled(Money cost) => TypedResults.Json(new SettledAnswer(cost.Usd), DecisionJson.Default.SettledAnswer);

    private (Charge Actual, long InputTokens, Problem? Fault) ChargeOf(DecidedHold hold, SettleInput input)
    {
        Charge held = hold.Hold.Amount;
        Charge actual;
        long inputTokens = 0;
        if (input.Usage is { } block)
        {
            (TokenUsage? usage, Problem? fault) = usages.Read(block, input.Model!, hold.Terms.Api);
            if (usage is null)
            {
                return (default, 0, fault);
            }

            actual = settler.CostOf(usage, hold.Terms.Request);
            inputTokens = usage.InputTokens;
        }
        else
        {
            // A cost alone does not make a token budget free.
            actual = new Charge(input.Cost!.Value.Value, held.Tokens);
        }

        return (settings.Current.EnableCostTracking ? actual : held, inputTokens, null);
    }

    private void End(DecidedHold hold, HoldEnd how)
    {
        hold.End = how;
        register.EndsAt(hold, time.GetUtcNow());
    }
}
