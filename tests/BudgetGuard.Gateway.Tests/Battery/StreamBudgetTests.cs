using BudgetGuard.Gateway.Tests.Rig;
using Xunit.Abstractions;

namespace BudgetGuard.Gateway.Tests.Battery;

/// <summary>Many streams at once on one budget, none of which comes near its cap: the money is spent, not set aside, and when it is gone it is gone.</summary>
public sealed class StreamBudgetTests(ITestOutputHelper output) : GatewayTests
{
    private const int Streams = 20;
    private const long Limit = 5_000_000_000;
    private const int Ahead = 8;

    private readonly Lock _gate = new();
    private readonly List<int> _cut = [];
    private TaskCompletionSource _anyEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _spentAtFirstRefusal = -1;
    private int _started;
    private int _active;
    private int _refused;

    [Fact]
    public async Task Twenty_streams_spend_five_dollars_before_any_is_refused_and_no_more_than_what_was_on_the_way()
    {
        GatewayUnderTest gateway = await StartAsync("""{"Budgets":{"own":{"Limit":5.00,"Period":"Total","OnExceeded":"Reject"}}}""");
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(number => RunAsync(gateway, number)));
        await gateway.QuietAsync();
        long bill = Provider.Bill;
        output.WriteLine($"{_started} streams, {_refused} refused, {_cut.Count} cut; spent {Share(_spentAtFirstRefusal)} of the limit when the first was refused, {Share(bill)} at the end");
        Assert.InRange(_spentAtFirstRefusal, Limit * 80 / 100, long.MaxValue);
        Assert.InRange(bill, Limit * 98 / 100, Limit + (_cut.Count * 50 * 15_000L));
    }

    private async Task RunAsync(GatewayUnderTest gateway, int number)
    {
        Random random = new(number);
        while (true)
        {
            string name = $"{number}-{random.Next()}";
            int tokens = 50 + (int)(-500 * Math.Log(1 - random.NextDouble()));
            ReadAhead ahead = new(Ahead);
            _ = Provider.On(name, new Script { Tokens = Math.Min(tokens, 3000), Seed = random.Next(), ReadAhead = ahead });
            Task ended = Begin();
            using StreamClient client = new(gateway.Address);
            using HttpRequestMessage request = GatewayUnderTest.Post("/v1/chat/completions", Body(name, random));
            StreamReading reading = await client.ReadAsync(request, "\n\n"u8.ToArray(), ahead);
            Assert.Null(reading.Failure);
            bool goesOn = reading.Status == 200 && reading.Bytes.AsSpan().IndexOf("\"error\""u8) < 0;
            bool isOver = End(reading, goesOn);
            if (isOver)
            {
                return;
            }

            if (!goesOn && reading.Status == 429)
            {
                await ended;
            }
        }
    }

    private static string Body(string name, Random random) =>
        $$"""{"model":"quill","stream":true,"max_tokens":32000,"messages":[{"role":"user","content":"script={{name}} {{new string('x', random.Next(3000))}}"}]}""";

    private static string Share(long nano) => FormattableString.Invariant($"{nano * 100m / Limit:0.00} %");

    /// <summary>Gives what ends when any of the streams that run now ends.</summary>
    private Task Begin()
    {
        lock (_gate)
        {
            _started++;
            _active++;
            return _anyEnded.Task;
        }
    }

    /// <summary>True if the money is gone: there is none, or there is too little and no other stream that may give some back.</summary>
    private bool End(StreamReading reading, bool goesOn)
    {
        lock (_gate)
        {
            if (!goesOn)
            {
                _spentAtFirstRefusal = _spentAtFirstRefusal < 0 ? Provider.Bill : _spentAtFirstRefusal;
                _refused += reading.Status == 200 ? 0 : 1;
                if (reading.Status == 200)
                {
                    _cut.Add(reading.Bytes.Length);
                    Assert.EndsWith("data: [DONE]\n\n", System.Text.Encoding.UTF8.GetString(reading.Bytes), StringComparison.Ordinal);
                }
            }

            bool isOver = --_active == 0 && reading.Status == 429;
            if (reading.Status != 429 || isOver)
            {
                _anyEnded.SetResult();
                _anyEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return isOver || reading.Status == 402;
        }
    }
}
