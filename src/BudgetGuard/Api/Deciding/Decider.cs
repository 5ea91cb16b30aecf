using BudgetGuard.Configuration;
using BudgetGuard.Metering;
using BudgetGuard.Policy;

namespace BudgetGuard.Api.Deciding;

/// <summary>Decides for callers of the API, by the same policy as the middleware does.</summary>
internal sealed class Decider(
    Admission admission, BudgetPolicy policy, Settler settler, HoldRegister register, HoldNotes notes, DecisionResults results, SettingsSource settings,
    TimeProvider time)
{
    private const string Unavailable = "The budget guard cannot decide now: its store or its policy does not answer.";

    /// <summary>Decides; who asks again under the same name while the hold is open is told the same.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="input">What was asked.</param>
    /// <param name="terms">What it means.</param>
    /// <param name="aborted">Ends the wait; not a decision that has a name, because whoever lost its answer asks again.</param>
    public async Task<DecisionResult> DecideAsync(string caller, DecisionInput input, DecisionTerms terms, CancellationToken aborted)
    {
        byte[]? fingerprint = input.Id is null ? null : Fingerprint.Of(input);
        var hold = new DecidedHold(caller, input.Id, fingerprint, terms, time.GetUtcNow() + terms.Ttl);
        if (register.TryAdd(hold, out DecidedHold? known))
        {
            return await BeginAsync(hold, hold.Name is null ? aborted : CancellationToken.None, aborted).ConfigureAwait(false);
        }

        if (known is null)
        {
            return Problem.Unavailable($"There are {HoldRegister.MostHolds} open holds, as many as there may be.");
        }

        if (!known.Fingerprint.AsSpan().SequenceEqual(fingerprint))
        {
            return UsedForAnother();
        }

        DecisionResult answer = await known.Answer.Task.WaitAsync(aborted).ConfigureAwait(false);
        if (known.IsNoted && notes.AreShared)
        {
            (bool isAnswered, HoldNote? note) = await notes.FindAsync(known.Id).ConfigureAwait(false);
            if (!isAnswered)
            {
                return Problem.Unavailable(Unavailable);
            }

            if (note is not null)
            {
                return note.IsOpen(time.GetUtcNow()) ? answer : UsedAndOver();
            }
        }

        return known.End == HoldEnd.None && known.ExpiresAt > time.GetUtcNow() ? answer : UsedAndOver();
    }

    /// <summary>Holds more, if there is more; the hold lasts anew for as long as it did at first.</summary>
    public async Task<DecisionResult> ExtendAsync(DecidedHold hold, Money cost)
    {
        await hold.Gate.EnterAsync().ConfigureAwait(false);
        try
        {
            DateTimeOffset now = time.GetUtcNow();
            if (hold.End != HoldEnd.None || hold.ExpiresAt <= now)
            {
                return Over();
            }

            Charge held = hold.Hold.Amount;
            if (cost.Nanos > (long)Money.MaxUsd * Money.NanosPerUsd - held.Cost.Nanos)
            {
                return Problem.Of("cost", "and what is held already are above nine billion dollars");
            }

            var grown = hold.Hold with { Amount = held with { Cost = held.Cost + cost } };
            HoldExtension answer = grown.Accounts is null
                ? HoldExtension.Granted
                : await settler.ExtendAsync(hold.Hold, new Charge(cost, Requests: 0)).ConfigureAwait(false);
            if (answer.IsOver)
            {
                return Over();
            }

            if (!answer.IsGranted && !answer.Refusals.IsDefaultOrEmpty)
            {
                return results.Denied(hold.Terms.Request.With(grown.Amount), RefusalJudge.Judge(answer.Refusals, enforced: true));
            }

            if (!answer.IsGranted && policy.Match(hold.Terms.Request, settings.Current).ClosedOnStoreFailure)
            {
                return Problem.Unavailable(Unavailable);
            }

            Grow(hold, grown, now);
            if (hold.IsNoted)
            {
                await notes.GrowAsync(hold, cost).ConfigureAwait(false);
            }

            Account? tightest = answer.IsGranted && grown.Accounts is { } accounts ? accounts.Accounts[answer.Tightest] : null;
            Money? remaining = tightest?.Terms.Unit == BudgetUnit.Usd ? Money.FromNanos(answer.Remaining) : null;
            var telling = new DecidedTelling(hold.Hold.Amount.Cost, hold.ExpiresAt, tightest?.Terms.Name, remaining);
            return DecisionResults.Allowed(hold.Id, telling, isDegraded: !answer.IsGranted);
        }
        finally
        {
            hold.Gate.Leave();
        }
    }

    private static Problem Over() => Problem.Conflict("The hold is over.");

    private static Problem UsedForAnother() => Problem.Conflict("The id was used before for another request.");

    private static Problem UsedAndOver() => Problem.Conflict("The id was used before, and its hold is over.");

    private async Task<DecisionResult> BeginAsync(DecidedHold hold, CancellationToken deciding, CancellationToken aborted)
    {
        DecisionResult answer;
        try
        {
            answer = await AskAsync(hold, deciding).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            register.Remove(hold);
            hold.Answer.SetException(failure);

            // Seen, though nobody else may be waiting.
            _ = hold.Answer.Task.Exception;
            throw;
        }

        hold.Answer.SetResult(answer);
        if (hold.Name is null && aborted.IsCancellationRequested && hold.Hold.Id != default)
        {
            // Nobody was told of it, and nobody can ask for it again.
            register.Remove(hold);
            await settler.ReleaseAsync(hold.Hold).ConfigureAwait(false);
            if (hold.IsNoted)
            {
                await notes.TryRemoveAsync(hold).ConfigureAwait(false);
            }
        }

        return answer;
    }

    private async Task<DecisionResult> AskAsync(DecidedHold hold, CancellationToken cancellationToken)
    {
        if (await NamedAsync(hold).ConfigureAwait(false) is { } before)
        {
            return before;
        }

        DecisionRequest request = hold.Terms.Request;
        BudgetDecision decision;
        try
        {
            decision = settings.Current.EnableBudgetMonitoring
                ? await admission.DecideAsync(request, admission.Start(), cancellationToken).ConfigureAwait(false)
                : BudgetDecision.Allow();
        }
        catch (BudgetGuardUnavailableException)
        {
            register.Remove(hold);
            return Problem.Unavailable(Unavailable);
        }

        if (decision.Denial is { } denial)
        {
            // What another node has just taken for the same question may be what this one lacks.
            if (notes.AreShared && await NamedAsync(hold).ConfigureAwait(false) is { } meanwhile)
            {
                return meanwhile;
            }

            register.Remove(hold);
            return results.Denied(request, denial);
        }

        hold.Hold = new Hold(decision.Hold.Id, decision.Hold.Accounts, request.KnownAmount);
        var telling = new DecidedTelling(hold.Hold.Amount.Cost, hold.ExpiresAt, decision.Budget, decision.Remaining);
        return notes.AreKept && !decision.IsUncounted && await NoteAsync(hold, telling).ConfigureAwait(false) is { } other
            ? other
            : DecisionResults.Allowed(hold.Id, telling, decision.IsUncounted);
    }

    /// <summary>Notes a hold that was taken; the answer where it is not to be: another node was faster with the same name, or the store did not take the note.</summary>
    private async ValueTask<DecisionResult?> NoteAsync(DecidedHold hold, DecidedTelling telling)
    {
        (bool isAnswered, bool isAdded) = await notes.TryAddAsync(hold, telling).ConfigureAwait(false);
        hold.IsNoted = true;
        if (isAdded)
        {
            return null;
        }

        if (isAnswered)
        {
            await settler.ReleaseAsync(hold.Hold).ConfigureAwait(false);
            return await NamedAsync(hold).ConfigureAwait(false) ?? Unanswered(hold);
        }

        if (!policy.Match(hold.Terms.Request, settings.Current).ClosedOnStoreFailure)
        {
            return null;
        }

        // A note that is there all the same is found by who asks again, and must not be of a hold that was given back.
        if (hold.Name is null || await notes.TryRemoveAsync(hold).ConfigureAwait(false))
        {
            await settler.ReleaseAsync(hold.Hold).ConfigureAwait(false);
        }

        return Unanswered(hold);
    }

    /// <summary>What is answered where a hold with the same name of the same caller is noted; null where none is.</summary>
    private async ValueTask<DecisionResult?> NamedAsync(DecidedHold hold)
    {
        if (hold.Name is null || !notes.AreKept)
        {
            return null;
        }

        (bool isAnswered, HoldNote? note) = await notes.FindNamedAsync(hold.Caller, hold.Name).ConfigureAwait(false);
        if (note is null)
        {
            return isAnswered || !policy.Match(hold.Terms.Request, settings.Current).ClosedOnStoreFailure ? null : Unanswered(hold);
        }

        register.Remove(hold);
        return !note.IsOf(hold.Fingerprint!) ? UsedForAnother()
            : note.IsOpen(time.GetUtcNow()) ? DecisionResults.Allowed(note.Id, note.Telling, isDegraded: false)
            : UsedAndOver();
    }

    private DecisionResult Unanswered(DecidedHold hold)
    {
        register.Remove(hold);
        return Problem.Unavailable(Unavailable);
    }

    private void Grow(DecidedHold hold, Hold grown, DateTimeOffset now)
    {
        hold.Hold = grown;
        hold.ExpiresAt = now + hold.Terms.Ttl;
        register.EndsAt(hold, hold.ExpiresAt);
    }
}
