using System.Diagnostics;

namespace BudgetGuard.Redis.Tests;

/// <summary>Three processes on one server, 64 clients each, and a budget for exactly a thousand requests.</summary>
public sealed class ProcessTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private const int Limit = 1_000;
    private const int Processes = 3;

    private static readonly int Runs = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 20 : 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Exactly_a_thousand_are_admitted_every_time(bool borrows)
    {
        for (int run = 0; run < Runs; run++)
        {
            string tree = RedisFixture.NewTree();
            Racer[] racers = await StartAsync(tree, borrows);
            int[] admitted = await Task.WhenAll(racers.Select(static racer => racer.EndAsync()));
            Assert.Equal(Limit, admitted.Sum());
            AccountState state = await SettledAsync(tree);
            Assert.Equal((Limit, 0L), (state.Settled, state.Held));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_process_that_is_killed_never_makes_them_more(bool borrows)
    {
        for (int run = 0; run < Runs; run++)
        {
            string tree = RedisFixture.NewTree();
            Racer[] racers = await StartAsync(tree, borrows);
            await racers[0].KillAfterAsync(20 + (run * 7));

            // What it held, or had borrowed, is held as long as that may be: the others wait for no more than there is.
            int others = 0;
            foreach (Racer racer in racers[1..])
            {
                others += await racer.StopWhenQuietAsync();
            }

            AccountState state = await SettledAsync(tree);
            int admitted = others + racers[0].Admitted;
            Assert.InRange(admitted, 1, Limit);
            Assert.True(state.Settled + state.Held <= Limit, state.ToString());

            // The rest is what the killed one held when it died: its clients' holds, and a part it had borrowed with the one that was to come after it.
            Assert.True(Limit - admitted <= (borrows ? Limit / 2 : 2 * 64), $"{admitted} admitted, {state}");
        }
    }

    private static Account Account => new(new BudgetTerms { Name = "race", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], Limit);

    private async Task<Racer[]> StartAsync(string tree, bool borrows)
    {
        Racer[] racers = [.. Enumerable.Range(0, Processes).Select(_ => new Racer(redis.Server.Address, tree, Limit, borrows))];
        await Task.WhenAll(racers.Select(static racer => racer.ReadyAsync()));
        foreach (Racer racer in racers)
        {
            racer.Go();
        }

        return racers;
    }

    private async Task<AccountState> SettledAsync(string tree)
    {
        await using Node node = await Node.StartAsync(redis.Server.Address, tree: tree);
        return await node.Tracker.ReadAsync(Account, default);
    }

    private sealed class Racer
    {
        private readonly Process _process;
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _latest = Stopwatch.GetTimestamp();
        private int _killAt = int.MaxValue;
        private int _admitted;

        public Racer(string address, string tree, int limit, bool borrows)
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
            foreach (string argument in (string[])
            [
                Path.Combine(AppContext.BaseDirectory, "BudgetGuard.Load.dll"), "redis-race", address, tree,
                limit.ToString(System.Globalization.CultureInfo.InvariantCulture), borrows.ToString(),
            ])
            {
                start.ArgumentList.Add(argument);
            }

            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, line) => Told(line.Data);
            _process.BeginOutputReadLine();
        }

        public int Admitted => Volatile.Read(ref _admitted);

        public Task ReadyAsync() => _ready.Task.WaitAsync(Patience);

        public void Go() => _process.StandardInput.WriteLine();

        public async Task<int> EndAsync()
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
            await _ended.Task.WaitAsync(Patience);
            Assert.Equal(0, _process.ExitCode);
            return Admitted;
        }

        public async Task KillAfterAsync(int admitted)
        {
            Volatile.Write(ref _killAt, admitted);
            await _ended.Task.WaitAsync(Patience);
        }

        /// <summary>Waits until nothing more is admitted, and ends it.</summary>
        public async Task<int> StopWhenQuietAsync()
        {
            while (!_process.HasExited && Stopwatch.GetElapsedTime(Interlocked.Read(ref _latest)) < TimeSpan.FromSeconds(3))
            {
                await Task.Delay(50);
            }

            if (!_process.HasExited)
            {
                _process.Kill();
            }

            await _ended.Task.WaitAsync(Patience);
            return Admitted;
        }

        private void Told(string? line)
        {
            switch (line)
            {
                case null:
                    _ended.TrySetResult();
                    break;
                case "ready":
                    _ready.TrySetResult();
                    break;
                default:
                    Interlocked.Exchange(ref _latest, Stopwatch.GetTimestamp());
                    if (Interlocked.Increment(ref _admitted) >= Volatile.Read(ref _killAt) && !_process.HasExited)
                    {
                        _process.Kill();
                    }

                    break;
            }
        }
    }
}
