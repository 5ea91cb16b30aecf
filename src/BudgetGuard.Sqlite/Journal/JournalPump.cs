using BudgetGuard.Accounting;

namespace BudgetGuard.Sqlite;

/// <summary>What a step of the journal came to.</summary>
internal enum JournalStep
{
    /// <summary>Nothing was there to be written, or it was written.</summary>
    Done,

    /// <summary>The file cannot be written; it is to be tried again after a while.</summary>
    Down,
}

/// <summary>
/// Brings what has changed to the file, batch by batch: what came while one was written is the next. Whoever waits is let go when a batch is durable that was
/// collected after they came. A failed commit is never taken for done: from then on everybody is refused until the file was opened anew, says itself which batch
/// is its last, and has taken all that changed since.
/// </summary>
internal sealed class JournalPump(
    InMemoryCostTracker memory, BatchMaker maker, IJournalFile file, Func<IJournalFile> reopen, StoreSignals signals, bool answersInline = false) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Lock _claimsGate = new();
    private readonly List<(string Claim, long? Until)> _claims = [];
    private readonly Dictionary<string, ulong> _claimed = new(StringComparer.Ordinal);
    private IJournalFile? _file = file;
    private List<TaskCompletionSource> _waiting = [];
    private Exception? _failure;
    private bool _isOver;
    private JournalHead _written = maker.Batch.Head;

    /// <summary>Why nothing can be written; null while it can.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Waits until all that has changed so far is durable.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public Task WhenWritten()
    {
        lock (_gate)
        {
            if (_failure is { } failure)
            {
                return Task.FromException(Refused(failure));
            }

            if (_isOver)
            {
                return Task.FromException(new ObjectDisposedException("The store of the budgets"));
            }

            if (answersInline)
            {
                _waiting.Add(new TaskCompletionSource());
            }
            else if (_waiting.Count == 0)
            {
                // All that wait for a batch wait for one thing.
                _waiting.Add(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return _waiting[^1].Task;
        }
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    public void ThrowIfDown()
    {
        if (Failure is { } failure)
        {
            throw Refused(failure);
        }
    }

    /// <summary>Has a claim written, or taken out.</summary>
    public void Note(string claim, long? until)
    {
        lock (_claimsGate)
        {
            _claims.Add((claim, until));
        }
    }

    /// <summary>Knows a claim that is in the file.</summary>
    public void Know(in ClaimRow claim) => _claimed[claim.Claim] = claim.Checksum;

    /// <summary>Writes what has changed. One caller at a time.</summary>
    public JournalStep Step()
    {
        if (_file is null && !TryOpen())
        {
            return JournalStep.Down;
        }

        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            (waiting, _waiting) = (_waiting, []);
        }

        try
        {
            PutClaims();
            if (memory.Collect(maker) || !maker.Batch.IsEmpty)
            {
                maker.Close();
                _file!.Write(maker.Batch);
                _written = maker.Batch.Head;
                maker.Batch.Written();
            }
        }
        catch (Exception failure)
        {
            Fail(failure, waiting);
            return JournalStep.Down;
        }

        if (Failure is not null)
        {
            Volatile.Write(ref _failure, null);
            signals.Recovered();
        }

        waiting.ForEach(static one => one.TrySetResult());
        return JournalStep.Done;
    }

    /// <summary>Writes what is left, and closes the file.</summary>
    public void Dispose()
    {
        Step();
        Close();
    }

    /// <summary>Ends as a crash does: what is not written is lost.</summary>
    public void Close()
    {
        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            _isOver = true;
            (waiting, _waiting) = (_waiting, []);
        }

        waiting.ForEach(static one => one.TrySetException(new ObjectDisposedException("The store of the budgets")));
        _file?.Dispose();
        _file = null;
    }

    private static IOException Refused(Exception failure) => new("The budgets cannot be written to their file.", failure);

    private void PutClaims()
    {
        lock (_claimsGate)
        {
            foreach ((string claim, long? until) in _claims)
            {
                ulong? before = _claimed.TryGetValue(claim, out ulong known) ? known : null;
                maker.Put(claim, until, before);
                if (until is { } end)
                {
                    _claimed[claim] = maker.ChecksumOf(claim, end);
                }
                else
                {
                    _claimed.Remove(claim);
                }
            }

            _claims.Clear();
        }
    }

    private void Fail(Exception failure, List<TaskCompletionSource> waiting)
    {
        maker.Batch.KeepGone();
        memory.Uncollect();
        bool isNew;
        List<TaskCompletionSource> later;
        lock (_gate)
        {
            isNew = _failure is null;
            Volatile.Write(ref _failure, failure);
            (later, _waiting) = (_waiting, []);
        }

        if (isNew)
        {
            signals.Failed(failure);
        }

        waiting.ForEach(one => one.TrySetException(Refused(failure)));
        later.ForEach(one => one.TrySetException(Refused(failure)));
        try
        {
            _file?.Dispose();
        }
        catch (Exception closing)
        {
            signals.CloseFailed(closing);
        }

        _file = null;
    }

    private bool TryOpen()
    {
        IJournalFile? opened = null;
        try
        {
            opened = reopen();
            JournalHead last = opened.ReadHead();

            // A commit that failed may have come to the disk all the same; it is written again, to the same effect. The number alone says nothing: who had the file
            // meanwhile counted on from the same one.
            if (last != _written && last != maker.Batch.Head)
            {
                throw new InvalidDataException(
                    $"The file of the budgets ends with batch {last.Batch}, and not as batch {_written.Batch} left it: it was changed, or lost what it had acknowledged. Only a restart reads it anew.");
            }

            opened.Accept();
            _written = last;
            _file = opened;
            return true;
        }
        catch (Exception failure)
        {
            opened?.Dispose();
            Volatile.Write(ref _failure, failure);
            return false;
        }
    }
}
