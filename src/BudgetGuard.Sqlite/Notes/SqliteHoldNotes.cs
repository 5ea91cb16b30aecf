using System.Threading.Channels;
using BudgetGuard.Api.Deciding;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Keeps the notes of the API's holds in a file beside the budgets', as durable as they are. What is asked while a commit is under way goes into the next one together.
/// After a failure the file is opened anew.
/// </summary>
internal sealed class SqliteHoldNotes : IHoldNoteStore, IAsyncDisposable
{
    private const int MostAtOnce = 256;
    private const long ForgetEvery = TimeSpan.TicksPerMinute;

    private readonly Channel<Step> _steps = Channel.CreateUnbounded<Step>(new UnboundedChannelOptions { SingleReader = true });
    private readonly string _path;
    private readonly bool _isSynced;
    private readonly TimeProvider _time;
    private readonly Lazy<Task> _running;
    private SqliteConnection? _connection;
    private NoteCommands? _commands;
    private long _forgotAt;

    public SqliteHoldNotes(string path, Durability durability, TimeProvider time)
    {
        _path = path;
        _isSynced = durability == Durability.Strict;
        _time = time;
        _running = new Lazy<Task>(() => Task.Run(RunAsync));
    }

    public bool IsShared => false;

    /// <summary>The file of the notes that belongs to a file of budgets.</summary>
    public static string PathBeside(string budgets) => SideFile.PathBeside(budgets, "-holds.db");

    public ValueTask<KeptNote?> FindAsync(string id) => AskAsync((commands, now) => commands.Find(id, now));

    public ValueTask<KeptNote?> FindNamedAsync(string name) => AskAsync((commands, now) => commands.FindNamed(name, now));

    public ValueTask<bool> TryAddAsync(KeptNote note, TimeSpan keep) => AskAsync((commands, now) => commands.TryAdd(note, now, now + keep.Ticks));

    public async ValueTask GrowAsync(string id, string? name, Money more, DateTimeOffset expiresAt, TimeSpan keep) => await AskAsync((commands, now) =>
    {
        commands.Grow(id, more.Nanos, expiresAt.UtcTicks, now + keep.Ticks);
        return true;
    }).ConfigureAwait(false);

    public ValueTask<(NotedEnd End, bool IsNew)?> EndAsync(string id, string? name, NotedEnd end, TimeSpan keep) =>
        AskAsync((commands, now) => commands.End(id, end, now, now + keep.Ticks));

    public async ValueTask RemoveAsync(string id, string? name) => await AskAsync((commands, _) =>
    {
        commands.Remove(id);
        return true;
    }).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        _steps.Writer.TryComplete();
        if (_running.IsValueCreated)
        {
            await _running.Value.ConfigureAwait(false);
        }

        Close();
    }

    private ValueTask<T> AskAsync<T>(Func<NoteCommands, long, T> ask)
    {
        var step = new Step<T>(ask);
        if (!_steps.Writer.TryWrite(step))
        {
            return ValueTask.FromException<T>(new ObjectDisposedException(nameof(SqliteHoldNotes)));
        }

        _ = _running.Value;
        return new ValueTask<T>(step.Answer);
    }

    private async Task RunAsync()
    {
        List<Step> batch = [];
        while (await _steps.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < MostAtOnce && _steps.Reader.TryRead(out Step? step))
            {
                batch.Add(step);
            }

            try
            {
                Take(batch);
                batch.ForEach(static step => step.Tell());
            }
            catch (Exception failure)
            {
                Close();
                var told = new IOException($"The holds in '{_path}' cannot be used: {failure.Message}", failure);
                batch.ForEach(step => step.Fail(told));
            }

            batch.Clear();
        }
    }

    private void Take(List<Step> batch)
    {
        _connection ??= SideFile.Notes.OpenToWrite(_path, _isSynced);
        _commands ??= new NoteCommands(_connection);
        long now = _time.GetUtcNow().UtcTicks;
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: true);
        _commands.Begin(transaction);
        foreach (Step step in batch)
        {
            step.Take(_commands, now);
        }

        if (now - _forgotAt >= ForgetEvery)
        {
            _commands.Forget(now);
            _forgotAt = now;
        }

        transaction.Commit();
    }

    private void Close()
    {
        _commands?.Dispose();
        _connection?.Dispose();
        (_commands, _connection) = (null, null);
    }

    /// <summary>Something that was asked.</summary>
    private abstract class Step
    {
        public abstract void Take(NoteCommands commands, long now);

        public abstract void Tell();

        public abstract void Fail(Exception failure);
    }

    private sealed class Step<T>(Func<NoteCommands, long, T> ask) : Step
    {
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _found;

        public Task<T> Answer => _answer.Task;

        public override void Take(NoteCommands commands, long now) => _found = ask(commands, now);

        public override void Tell() => _answer.TrySetResult(_found!);

        public override void Fail(Exception failure) => _answer.TrySetException(failure);
    }
}
