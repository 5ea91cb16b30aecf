using System.Globalization;
using BudgetGuard.Diagnostics;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>Keeps what was decided and spent beside the budgets, of all nodes together.</summary>
internal sealed class RedisHistoryStore(IRedisTransport transport, string tree) : IGuardHistoryStore
{
    /// <summary>How many decisions are kept, of all nodes.</summary>
    public const int MostDecisions = 4_096;

    // How much one script takes, so that no request waits for it for long.
    private const int MostInScript = 500;
    private const int HoursAtOnce = 100;

    private readonly string _prefix = $"bg1:{{{tree}}}:";

    private RedisKey ByTime => _prefix + "H:t";

    private RedisKey Decisions => _prefix + "H:d";

    public async Task WriteAsync(HistoryBatch batch)
    {
        // Parts of a batch are numbered by themselves: one that comes again begins with those that are there.
        long part = batch.Number * 1_000_000;
        string writer = batch.Writer.ToString("N");
        foreach (DecisionEntry[] some in batch.Decided.Chunk(MostInScript))
        {
            await SendAsync(writer, ++part, some, [], []).ConfigureAwait(false);
        }

        foreach (DecisionCost[] some in batch.Settled.Chunk(MostInScript))
        {
            await SendAsync(writer, ++part, [], some, []).ConfigureAwait(false);
        }

        foreach (HourSpend[] some in batch.Spend.Chunk(MostInScript))
        {
            await SendAsync(writer, ++part, [], [], some).ConfigureAwait(false);
        }
    }

    public async Task<List<DecisionEntry>> ReadDecisionsAsync(int most, CancellationToken cancellationToken)
    {
        var reply = (RedisResult[])(await transport.RunAsync(RedisScripts.Decided, [ByTime, Decisions], ["", most], cancellationToken).ConfigureAwait(false))!;
        List<DecisionEntry> found = [];
        for (int i = 0; i + 2 < reply.Length; i += 3)
        {
            found.Add(HistoryTexts.ToDecision((string)reply[i]!, (string)reply[i + 1]!, (string)reply[i + 2]!));
        }

        return found;
    }

    public async Task ReadSpendAsync(DateTimeOffset from, DateTimeOffset to, Action<HourSpend> visit, CancellationToken cancellationToken)
    {
        // Thirteen months are kept; nothing before is asked for.
        long last = (to.UtcTicks - 1) / TimeSpan.TicksPerHour;
        long first = Math.Max((from.UtcTicks + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour, last - (400 * 24));
        for (long hour = first; hour <= last; hour += HoursAtOnce)
        {
            RedisKey[] keys = [.. Enumerable.Range(0, (int)Math.Min(HoursAtOnce, last - hour + 1)).Select(i => HourKey(hour + i))];
            var hours = (RedisResult[])(await transport.RunAsync(RedisScripts.Spent, keys, [""], cancellationToken).ConfigureAwait(false))!;
            for (int i = 0; i < hours.Length; i++)
            {
                var fields = (RedisResult[])hours[i]!;
                var start = new DateTime((hour + i) * TimeSpan.TicksPerHour, DateTimeKind.Utc);
                for (int field = 0; field + 1 < fields.Length; field += 2)
                {
                    visit(new HourSpend(start, HistoryTexts.ToKey((string)fields[field]!), HistoryTexts.ToSum((string)fields[field + 1]!)));
                }
            }
        }
    }

    private RedisKey HourKey(long hour) => _prefix + "H:s:" + hour.ToString(CultureInfo.InvariantCulture);

    private async Task SendAsync(string writer, long number, DecisionEntry[] decided, DecisionCost[] settled, HourSpend[] spend)
    {
        List<RedisKey> keys = [_prefix + "H:w:" + writer, ByTime, Decisions];
        List<RedisValue> values = ["", number, MostDecisions, SpendBook.MostAnHour, HistoryTexts.Of(SpendKey.Other), decided.Length, settled.Length, spend.Length];
        foreach (DecisionEntry entry in decided)
        {
            values.AddRange([RedisTime.Of(entry.At.UtcTicks), IdOf(writer, entry.Ticket), HistoryTexts.Of(entry)]);
        }

        // What is settled already when it is told first comes as a cost of its own.
        DecisionCost[] costs = [.. settled, .. decided.Where(static entry => entry.Cost is not null).Select(static entry => new DecisionCost(entry.Ticket, entry.Cost!.Value))];
        values[6] = costs.Length;
        foreach (DecisionCost cost in costs)
        {
            values.AddRange([IdOf(writer, cost.Ticket), cost.Cost.Nanos]);
        }

        foreach (HourSpend one in spend)
        {
            RedisKey key = HourKey(one.Start.Ticks / TimeSpan.TicksPerHour);
            int place = keys.IndexOf(key, 3);
            if (place < 0)
            {
                place = keys.Count;
                keys.Add(key);
            }

            values.AddRange(
            [
                place - 2, HistoryTexts.Of(one.Key), Fitting(one.Sum.Requests), Fitting(one.Sum.Denied), Fitting(one.Sum.InputTokens), Fitting(one.Sum.OutputTokens),
                Fitting((long)Int128.Min(one.Sum.CostNanos, RedisTime.Most)),
            ]);
        }

        await transport.RunAsync(RedisScripts.Remember, [.. keys], [.. values], CancellationToken.None).ConfigureAwait(false);
    }

    private static long Fitting(long amount) => Math.Clamp(amount, 0, RedisTime.Most);

    private static string IdOf(string writer, long ticket) => string.Create(CultureInfo.InvariantCulture, $"{writer}:{ticket}");
}
