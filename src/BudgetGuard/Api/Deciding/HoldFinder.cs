namespace BudgetGuard.Api.Deciding;

/// <summary>Finds a caller's hold: among those of this process, else by the note that was kept of it. Where nodes share their notes the note is what counts.</summary>
internal sealed class HoldFinder(HoldRegister register, HoldNotes notes)
{
    private const int IdLength = 32;

    /// <summary>A hold of a caller; else why there is none: it is not known, it is another's, or the store does not answer.</summary>
    public async ValueTask<(DecidedHold? Hold, Problem? Problem)> FindAsync(string caller, string id)
    {
        DecidedHold? own = register.Find(caller, id);
        if (!notes.AreKept || (own is not null && !notes.AreShared) || id.Length != IdLength || !id.All(char.IsAsciiHexDigitLower))
        {
            return own is null ? (null, Problem.NoHold()) : (own, null);
        }

        (bool isAnswered, HoldNote? note) = await notes.FindAsync(id).ConfigureAwait(false);
        if (!isAnswered)
        {
            return (null, Problem.Unavailable("The store of the budget guard does not answer; the same again is safe."));
        }

        if (note is not null)
        {
            return note.IsOf(caller) ? (note.ToHold(caller, own?.Terms.Request), null) : (null, Problem.NoHold());
        }

        if (own is null)
        {
            return (null, Problem.NoHold());
        }

        // Taken while the store was down, so that only this process knows of it.
        own.IsNoted = false;
        return (own, null);
    }
}
