global using SettleResult = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<BudgetGuard.Api.Deciding.SettledAnswer>,
    BudgetGuard.Api.Deciding.Problem>;
using BudgetGuard.Configuration;
using BudgetGuard.Metering;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// Ends the holds of callers of the API: settled at what the work really used, or released. Where a note of the hold is kept, the note says first how it ended, for all
/// nodes; then the accounts are told, again if need be, until they have taken it.
/// </summary>
internal sealed class HoldEnder(Settler settler, HoldRegister register, HoldNotes notes, ReportedUsage usages, SettingsSource settings, TimeProvider time)
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
                return await TakeAsync(hold).ConfigureAwait(false);
            }

            (Charge actual, long inputTokens, Problem? fault) = ChargeOf(hold, input);
            if (fault is not null)
            {
                return fault;
            }

            if (hold.End != HoldEnd.Settled)
            {
                if (await NoteAsync(hold, new NotedEnd(HoldEnd.Settled, actual, with)).ConfigureAwait(false) is not { } isNew)
                {
                    return Problem.Unavailable(NotTaken);
                }

                if (isNew)
                {
                    // Noted is settled, whoever brings it to the accounts; without a note it is only once they have it.
                    bool isNoted = hold.IsNoted;
                    if (!isNoted && !await settler.TrySettleAsync(hold.Hold, actual, isLateTaken: false).ConfigureAwait(false))
                    {
                        return Problem.Unavailable(NotTaken);
                    }

                    settler.Count(hold.Terms.Request, hold.Hold.Accounts, actual, inputTokens);
                    hold.EndAs(new NotedEnd(HoldEnd.Settled, actual, with));
                    hold.IsTaken = !isNoted;
                    End(hold);
                    return await TakeAsync(hold).ConfigureAwait(false);
                }
            }

            return actual.Cost == hold.Settled.Cost || with.AsSpan().SequenceEqual(hold.SettledWith)
                ? await TakeAsync(hold).ConfigureAwait(false)
                : Problem.Conflict("The hold was settled before at another cost.");
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
            bool isNew = false;
            if (hold.End == HoldEnd.None)
            {
                if (await NoteAsync(hold, NotedEnd.Released).ConfigureAwait(false) is not { } noted)
                {
                    return Problem.Unavailable(NotTaken);
                }

                isNew = noted;
            }

            if (hold.End == HoldEnd.Settled || hold.IsTaken)
            {
                return null;
            }

            if (isNew && hold.IsNoted)
            {
                Released(hold);
            }

            if (!await settler.TryReleaseAsync(hold.Hold).ConfigureAwait(false))
            {
                return Problem.Unavailable(NotTaken);
            }

            if (isNew && !hold.IsNoted)
            {
                Released(hold);
            }

            hold.IsTaken = true;
            return null;
        }
        finally
        {
            hold.Gate.Leave();
        }
    }

    /// <summary>
    /// Notes how a hold ended: true if it is the end that counts, false if another is, which the hold then has; null where the note could not be asked.
    /// True too where no note of it is kept.
    /// </summary>
    private async ValueTask<bool?> NoteAsync(DecidedHold hold, NotedEnd end)
    {
        if (!hold.IsNoted)
        {
            return true;
        }

        (bool isAnswered, (NotedEnd End, bool IsNew)? noted) = await notes.EndAsync(hold, end).ConfigureAwait(false);
        if (!isAnswered)
        {
            return null;
        }

        if (noted is not { } found)
        {
            // Forgotten meanwhile, or never written.
            hold.IsNoted = false;
            return true;
        }

        if (!found.IsNew)
        {
            hold.EndAs(found.End);
            hold.IsTaken = false;
        }

        return found.IsNew;
    }

    /// <summary>Has the accounts take the settlement, if they have not; they count it once.</summary>
    private async ValueTask<SettleResult> TakeAsync(DecidedHold hold)
    {
        if (!hold.IsTaken)
        {
            if (!await settler.TrySettleAsync(hold.Hold, hold.Settled, isLateTaken: false).ConfigureAwait(false))
            {
                return Problem.Unavailable(NotTaken);
            }

            hold.IsTaken = true;
        }

        return TypedResults.Json(new SettledAnswer(hold.Settled.Cost.Usd), DecisionJson.Default.SettledAnswer);
    }

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

    private void Released(DecidedHold hold)
    {
        settler.CountNothing(hold.Terms.Request);
        hold.EndAs(NotedEnd.Released);
        End(hold);
    }

    private void End(DecidedHold hold) => register.EndsAt(hold, time.GetUtcNow());
}
