using System.Net;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>Random steps of callers against a naive book: after each, the ledger has what the book has.</summary>
public sealed class RandomOperationTests
{
    private const decimal Limit = 10m;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_ledger_has_what_the_answers_say(int seed)
    {
        var random = new Random(seed);
        await using DecidingApp app = await DecidingApp.StartAsync("""{"Budgets":{"daily":{"Limit":10,"Period":"Total","Per":["User"]}}}""");
        List<Entry> entries = [];
        decimal Settled() => entries.Sum(static entry => entry.Charged);
        decimal Held() => entries.Sum(static entry => entry.Held);
        for (int step = 0; step < 400; step++)
        {
            DateTimeOffset now = app.App.Time.GetUtcNow();
            decimal amount = random.Next(0, 3_000) / 1_000m;
            Entry? entry = entries.Count == 0 || random.Next(3) == 0 ? null : entries[random.Next(Math.Max(0, entries.Count - 8), entries.Count)];
            switch (entry is null ? 0 : random.Next(1, 6))
            {
                case 0:
                    bool fits = Settled() + Held() + amount <= Limit || amount == 0;
                    int ttl = random.Next(1, 120);
                    Answered decided = await app.DecideAsync(
                        FormattableString.Invariant($$"""{"user":"alice","estimated_cost":{{amount}},"ttl_seconds":{{ttl}}{{(random.Next(2) == 0 ? $",\"id\":\"{step}\"" : "")}}}"""));
                    Assert.Equal(fits, decided.Decision == "allow");
                    if (fits)
                    {
                        entries.Add(new Entry(decided.HoldId, amount, ttl) { ExpiresAt = now.AddSeconds(ttl) });
                    }

                    break;
                case 1:
                    Answered settled = await app.SettleAsync(entry!.Id, amount);
                    Assert.Equal(entry.TrySettle(amount) ? HttpStatusCode.OK : HttpStatusCode.Conflict, settled.Status);
                    break;
                case 2:
                    Assert.Equal(HttpStatusCode.NoContent, (await app.ReleaseAsync(entry!.Id)).Status);
                    entry.Release();
                    break;
                case 3 or 4:
                    Answered grown = await app.ExtendAsync(entry!.Id, amount);
                    if (!entry.IsOpen)
                    {
                        grown.Is(HttpStatusCode.Conflict);
                        break;
                    }

                    bool grows = Settled() + Held() + amount <= Limit || amount == 0;
                    Assert.Equal(grows, grown.Decision == "allow");
                    if (grows)
                    {
                        entry.Held += amount;
                        entry.ExpiresAt = now.AddSeconds(entry.Ttl);
                    }

                    break;
                default:
                    app.App.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 20)));
                    entries.ForEach(each => each.ExpireAt(app.App.Time.GetUtcNow()));
                    break;
            }

            Assert.Equal((Settled(), Held()), await app.BooksAsync());
        }
    }

    private sealed class Entry(string id, decimal held, int ttl)
    {
        private decimal? _settled;

        public string Id { get; } = id;

        public int Ttl { get; } = ttl;

        public decimal Held { get; set; } = held;

        public decimal Charged { get; private set; }

        public DateTimeOffset ExpiresAt { get; set; }

        public bool IsOpen { get; private set; } = true;

        public bool TrySettle(decimal cost)
        {
            if (_settled is { } before)
            {
                return before == cost;
            }

            IsOpen = false;
            Held = 0;
            _settled = Charged = cost;
            return true;
        }

        public void Release()
        {
            if (_settled is null)
            {
                IsOpen = false;
                Held = Charged = 0;
            }
        }

        public void ExpireAt(DateTimeOffset now)
        {
            if (IsOpen && ExpiresAt <= now)
            {
                IsOpen = false;
                Charged = Held;
                Held = 0;
            }
        }
    }
}
