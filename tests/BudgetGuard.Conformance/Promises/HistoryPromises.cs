using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Conformance;

/// <summary>What was decided, and what was spent in which hour by whom: the same from every store, to the nano-dollar, as the answers of the API tell it.</summary>
public abstract class HistoryPromises<TRig> : IAsyncLifetime
    where TRig : HistoryRig, new()
{
    private static readonly string[] _users = ["ann", "bob", "Zoe \"\\ |{}"];
    private static readonly string[] _operations = ["chat", "embed"];

    private TRig Rig { get; } = new();

    public Task InitializeAsync() => Rig.StartAsync();

    public async Task DisposeAsync() => await Rig.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_is_told_is_what_happened(int seed)
    {
        var random = new Random(seed);
        Dictionary<(DateTime Hour, string User, string Operation), (long Requests, long Denied, decimal Cost)> spent = [];
        Dictionary<string, decimal> left = _users.ToDictionary(static user => user, static _ => 1.00m, StringComparer.Ordinal);
        List<string> decided = [];
        for (int i = 0; i < 60; i++)
        {
            string user = _users[random.Next(_users.Length)];
            string operation = _operations[random.Next(_operations.Length)];
            decimal cost = random.Next(1, 100_000_000) / 1_000_000_000m;
            DateTime now = Rig.Time.GetUtcNow().UtcDateTime;
            var key = (now.Date.AddHours(now.Hour), user, operation);
            (long requests, long denied, decimal sum) = spent.GetValueOrDefault(key);
            bool fits = HistoryRig.Estimate <= left[user];
            Assert.Equal(fits, await Rig.AskAsync(user, operation, cost));
            decided.Insert(0, $"{user} {operation} {(fits ? "allow" : "reject")} {(fits ? cost : 0).ToString(CultureInfo.InvariantCulture)}");
            spent[key] = fits ? (requests + 1, denied, sum + cost) : (requests, denied + 1, sum);
            left[user] -= fits ? cost : 0;
            Rig.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 600)));
            if (Rig.IsDurable && random.Next(15) == 0)
            {
                await Rig.RestartAsync();
            }
        }

        Assert.Equal(decided, (await Rig.GetAsync("/decisions?limit=100")).Select(static row =>
            $"{Text(row, "user")} {Text(row, "operation")} {Text(row, "decision")} {(row.GetProperty("cost") is { ValueKind: JsonValueKind.Number } cost ? cost.GetDecimal() : 0).ToString(CultureInfo.InvariantCulture)}"));
        Assert.Equal(decided[..7], (await Rig.GetAsync("/decisions?limit=7")).Select(static row =>
            $"{Text(row, "user")} {Text(row, "operation")} {Text(row, "decision")} {(row.GetProperty("cost") is { ValueKind: JsonValueKind.Number } cost ? cost.GetDecimal() : 0).ToString(CultureInfo.InvariantCulture)}"));

        string from = Uri.EscapeDataString(HistoryRig.Start.ToString("O", CultureInfo.InvariantCulture));
        Assert.Equal(
            spent.Select(static one => ((one.Key.Hour, one.Key.User, (string?)one.Key.Operation), one.Value)).OrderBy(static one => one.Item1),
            (await Rig.GetAsync("/spend?group_by=user,operation&from=" + from)).Select(Row).OrderBy(static one => one.Item1));
        Assert.Equal(
            spent.GroupBy(static one => (one.Key.Hour.Date, one.Key.User, (string?)null))
                .Select(static day => (day.Key, (day.Sum(static one => one.Value.Requests), day.Sum(static one => one.Value.Denied), day.Sum(static one => one.Value.Cost))))
                .OrderBy(static one => one.Key),
            (await Rig.GetAsync("/spend?group_by=user&interval=day&from=" + from)).Select(Row).OrderBy(static one => one.Item1));
    }

    private static ((DateTime Hour, string User, string? Operation), (long Requests, long Denied, decimal Cost)) Row(JsonElement row) =>
        ((row.GetProperty("start").GetDateTime(), Text(row, "user")!, Text(row, "operation")),
            (row.GetProperty("requests").GetInt64(), row.GetProperty("denied").GetInt64(), row.GetProperty("cost").GetDecimal()));

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();
}
