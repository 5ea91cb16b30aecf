using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// The notes of the API's holds, where the store keeps any. Never throws, and never waits longer than the store's bound; what failed is told of, and answered by false.
/// </summary>
internal sealed class HoldNotes(FailureLog failures, SettingsSource settings, TimeProvider time, IHoldNoteStore? store = null)
{
    /// <summary>True if holds outlast this process.</summary>
    public bool AreKept => store is not null;

    /// <summary>True if other nodes know them too.</summary>
    public bool AreShared => store is { IsShared: true };

    public ValueTask<(bool IsAnswered, HoldNote? Value)> FindAsync(string id) => AskAsync(async () => Read(await store!.FindAsync(id).ConfigureAwait(false)));

    public ValueTask<(bool IsAnswered, HoldNote? Value)> FindNamedAsync(string caller, string name) =>
        AskAsync(async () => Read(await store!.FindNamedAsync(HoldNote.NameOf(caller, name)!).ConfigureAwait(false)));

    /// <summary>Takes a hold in; the value is false where another has its name.</summary>
    public ValueTask<(bool IsAnswered, bool Value)> TryAddAsync(DecidedHold hold, DecidedTelling telling) =>
        AskAsync(() => store!.TryAddAsync(HoldNote.Write(hold, telling), hold.Terms.Ttl + HoldRegister.Remembered));

    public async ValueTask GrowAsync(DecidedHold hold, Money more) => await AskAsync(async () =>
    {
        await store!.GrowAsync(hold.Id, hold.NoteName, more, hold.ExpiresAt, hold.Terms.Ttl + HoldRegister.Remembered).ConfigureAwait(false);
        return true;
    }).ConfigureAwait(false);

    /// <summary>Says how a hold ended: the value is what counts, and whether it is this; null where there is no note of it.</summary>
    public ValueTask<(bool IsAnswered, (NotedEnd End, bool IsNew)? Value)> EndAsync(DecidedHold hold, NotedEnd end) =>
        AskAsync(() => store!.EndAsync(hold.Id, hold.NoteName, end, HoldRegister.Remembered));

    /// <summary>Forgets a hold; false where nobody knows if it is forgotten.</summary>
    public async ValueTask<bool> TryRemoveAsync(DecidedHold hold) => (await AskAsync(async () =>
    {
        await store!.RemoveAsync(hold.Id, hold.NoteName).ConfigureAwait(false);
        return true;
    }).ConfigureAwait(false)).IsAnswered;

    private static HoldNote? Read(KeptNote? kept) => kept is null ? null : HoldNote.Read(kept);

    private async ValueTask<(bool IsAnswered, T? Value)> AskAsync<T>(Func<ValueTask<T>> step)
    {
        try
        {
            ValueTask<T> call = step();
            return (true, call.IsCompleted
                ? await call.ConfigureAwait(false)
                : await call.AsTask().WaitAsync(settings.Current.StoreTimeout, time).ConfigureAwait(false));
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Store, failure);
            return (false, default);
        }
    }
}
