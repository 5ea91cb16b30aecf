namespace BudgetGuard.Api.Deciding;

/// <summary>
/// Keeps what is known of the API's holds beside the budgets, so that they can be ended after a restart, and where nodes share it on each of them. Each step is atomic.
/// </summary>
internal interface IHoldNoteStore
{
    /// <summary>True where other nodes change the notes too. Then a hold has the id of its note, and is decided on where all nodes know of it.</summary>
    bool IsShared { get; }

    /// <summary>A note; null if there is none.</summary>
    ValueTask<KeptNote?> FindAsync(string id);

    /// <summary>The note that has a name; null if none has.</summary>
    ValueTask<KeptNote?> FindNamedAsync(string name);

    /// <summary>Takes a new note in; false, and nothing is taken in, where another has its name.</summary>
    /// <param name="note">The note.</param>
    /// <param name="keep">How long it is kept.</param>
    ValueTask<bool> TryAddAsync(KeptNote note, TimeSpan keep);

    /// <summary>Notes that a hold has grown and lasts longer; does nothing where there is no such note.</summary>
    ValueTask GrowAsync(string id, string? name, Money more, DateTimeOffset expiresAt, TimeSpan keep);

    /// <summary>Notes how a hold ended, unless it was settled before, or ended so.</summary>
    /// <returns>The end that counts, and if it is this one; null where there is no such note.</returns>
    ValueTask<(NotedEnd End, bool IsNew)?> EndAsync(string id, string? name, NotedEnd end, TimeSpan keep);

    /// <summary>Forgets a note.</summary>
    ValueTask RemoveAsync(string id, string? name);
}

/// <summary>A note as it is kept.</summary>
/// <param name="Id">What callers know the hold by.</param>
/// <param name="Name">By what another with the same name of the same caller is noticed; null if it has none.</param>
/// <param name="Details">What does not change; see <see cref="HoldNote"/>.</param>
/// <param name="ExpiresAt">When the hold is over, if nobody ends it.</param>
/// <param name="Grown">By how much it has grown.</param>
/// <param name="End">How it ended; null while it has not.</param>
internal sealed record KeptNote(string Id, string? Name, byte[] Details, DateTimeOffset ExpiresAt, Money Grown = default, NotedEnd? End = null);

/// <summary>How a hold ended.</summary>
/// <param name="How">Released or settled.</param>
/// <param name="Charge">What it was charged.</param>
/// <param name="With">What it was settled with; empty where it was released.</param>
internal sealed record NotedEnd(HoldEnd How, Charge Charge, byte[] With)
{
    public static NotedEnd Released { get; } = new(HoldEnd.Released, default, []);
}
