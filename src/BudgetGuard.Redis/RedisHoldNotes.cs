using System.Globalization;
using BudgetGuard.Api.Deciding;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>Keeps the notes of the API's holds beside the budgets, where every node finds them.</summary>
internal sealed class RedisHoldNotes(IRedisTransport transport, string tree) : IHoldNoteStore
{
    private readonly string _prefix = $"bg1:{{{tree}}}:";

    public bool IsShared => true;

    public async ValueTask<KeptNote?> FindAsync(string id)
    {
        var fields = (RedisResult[])(await RunAsync(RedisScripts.Noted, [KeyOf(id)], ["", "0"]).ConfigureAwait(false))!;
        if (fields[0].IsNull)
        {
            return null;
        }

        return new KeptNote(
            id,
            (string?)fields[6],
            (byte[])fields[0]!,
            new DateTimeOffset((long)fields[1], TimeSpan.Zero),
            Money.FromNanos((long)fields[2]),
            fields[3].IsNull ? null : EndOf(fields[3], fields[4], fields[5]));
    }

    public async ValueTask<KeptNote?> FindNamedAsync(string name)
    {
        RedisResult id = await RunAsync(RedisScripts.Noted, [NameKey(name)], ["", "1"]).ConfigureAwait(false);
        return id.IsNull ? null : await FindAsync((string)id!).ConfigureAwait(false);
    }

    public async ValueTask<bool> TryAddAsync(KeptNote note, TimeSpan keep) => (long)await RunAsync(
        RedisScripts.HoldNote, Keys(note.Id, note.Name), ["", note.Id, note.Details, note.ExpiresAt.UtcTicks, Milliseconds(keep), note.Name ?? ""])
        .ConfigureAwait(false) == 1;

    public async ValueTask GrowAsync(string id, string? name, Money more, DateTimeOffset expiresAt, TimeSpan keep) => await RunAsync(
        RedisScripts.NoteGrown, Keys(id, name), ["", more.Nanos, expiresAt.UtcTicks, Milliseconds(keep)]).ConfigureAwait(false);

    public async ValueTask<(NotedEnd End, bool IsNew)?> EndAsync(string id, string? name, NotedEnd end, TimeSpan keep)
    {
        string charge = string.Create(CultureInfo.InvariantCulture, $"{end.Charge.Cost.Nanos} {end.Charge.Tokens} {end.Charge.Requests}");
        RedisResult reply = await RunAsync(
            RedisScripts.NoteEnded, Keys(id, name), ["", (int)end.How, charge, end.With, Milliseconds(keep)]).ConfigureAwait(false);
        return reply.IsNull ? null : (EndOf(reply[1], reply[2], reply[3]), (long)reply[0] == 1);
    }

    public async ValueTask RemoveAsync(string id, string? name) =>
        await RunAsync(RedisScripts.Unnote, Keys(id, name), ["", id]).ConfigureAwait(false);

    private static NotedEnd EndOf(RedisResult how, RedisResult charge, RedisResult with)
    {
        string[] parts = ((string)charge!).Split(' ');
        return new NotedEnd((HoldEnd)(int)how, new Charge(Money.FromNanos(Number(parts[0])), Number(parts[1]), Number(parts[2])), (byte[])with!);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static long Milliseconds(TimeSpan span) => Math.Max(1, (long)span.TotalMilliseconds);

    private RedisKey[] Keys(string id, string? name) => name is null ? [KeyOf(id)] : [KeyOf(id), NameKey(name)];

    private ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values) => transport.RunAsync(script, keys, values, CancellationToken.None);

    private RedisKey KeyOf(string id) => _prefix + "d:" + id;

    private RedisKey NameKey(string name) => _prefix + "i:" + name;
}
