namespace BudgetGuard.Simulation;

/// <summary>One attempt to hold, and what its client did and was told.</summary>
internal sealed class Attempt(int number, int[] accounts, long amount, HoldId name, int life)
{
    public int Number { get; } = number;

    public int[] Accounts { get; } = accounts;

    public long Amount { get; set; } = amount;

    /// <summary>By how much it may be larger, because nobody knows if an extension was taken.</summary>
    public long MayHaveGrown { get; set; }

    public HoldId Name { get; } = name;

    /// <summary>Which life of its node asked.</summary>
    public int Life { get; } = life;

    public Hold? Hold { get; set; }

    public bool IsAnswered { get; set; }

    public bool IsRefused { get; set; }

    /// <summary>What it really used, once its client says so; always the same.</summary>
    public long? Actual { get; set; }

    public bool IsSettled { get; set; }

    public bool IsReleaseAsked { get; set; }

    public bool IsReleased { get; set; }

    /// <summary>Lives of nodes that were told to settle or to release it.</summary>
    public HashSet<int> Tellers { get; } = [];

    /// <summary>How many steps there were when it was asked for.</summary>
    public int Since { get; init; }
}

/// <summary>
/// Says what must be true, knowing nothing of how it is done: what was acknowledged counts, and counts once; nobody is admitted above a limit; nothing stays held; nobody is
/// refused who fits. Where an answer was lost it knows the least and the most that can be right.
/// </summary>
internal sealed class Auditor(long[] limits)
{
    private readonly List<Attempt> _attempts = [];
    private readonly HashSet<int> _dead = [];
    private readonly Dictionary<string, int> _claims = new(StringComparer.Ordinal);

    public IReadOnlyList<Attempt> Attempts => _attempts;

    public string? Violation { get; private set; }

    /// <summary>True where a server may lose what it acknowledged: then more may be admitted for a while.</summary>
    public bool AllowsLoss { get; set; }

    /// <summary>True where nodes borrow: what a dead one had borrowed is charged whole.</summary>
    public bool Borrows { get; init; }

    /// <summary>True where a claim that the disk did not take counts until a crash: better told twice than never.</summary>
    public bool MayForgetClaims { get; set; }

    public void Add(Attempt attempt) => _attempts.Add(attempt);

    public void Died(int life) => _dead.Add(life);

    public void Held(Attempt attempt, Hold hold)
    {
        attempt.IsAnswered = true;
        attempt.Hold = hold;
        foreach (int account in attempt.Accounts)
        {
            long certain = 0;
            long overshoot = 0;
            foreach (Attempt one in _attempts.Where(one => one.Accounts.Contains(account)))
            {
                // Who is told to be settled is; who has a hold and says nothing of its end has it, or was charged for it.
                certain += one is { IsSettled: true, Actual: { } actual } ? actual : one is { Hold: not null, Actual: null, IsReleaseAsked: false } ? one.Amount : 0;
                overshoot += Math.Max(0, (one.Actual ?? 0) - (one.Hold is null ? 0 : one.Amount));
            }

            Check(AllowsLoss || certain <= limits[account] + overshoot, $"attempt {attempt.Number} was admitted: account {account} has {certain} of {limits[account]}, {overshoot} overshot");
        }
    }

    public void Refused(Attempt attempt, IEnumerable<int> refusing)
    {
        attempt.IsAnswered = attempt.IsRefused = true;
        if (Borrows || AllowsLoss || _dead.Count > 0)
        {
            return;
        }

        foreach (int account in refusing)
        {
            long possible = 0;
            foreach (Attempt one in _attempts)
            {
                // One that could never be admitted anywhere takes nothing from anybody.
                bool isHopeless = one.Accounts.Any(other => one.Amount > limits[other]);
                if (one != attempt && one.Accounts.Contains(account))
                {
                    possible += Math.Max(one.Actual ?? 0, isHopeless || one.IsRefused ? 0 : one.Amount + one.MayHaveGrown);
                }
            }

            Check(possible + attempt.Amount > limits[account], $"attempt {attempt.Number} of {attempt.Amount} was refused by account {account}, which has at most {possible} of {limits[account]}");
        }
    }

    /// <summary>What is settled and held of an account, at any moment: what clients were told is there. What nodes used above their holds they tell a little later.</summary>
    public void Counts(int account, long used)
    {
        long certain = 0;
        foreach (Attempt one in _attempts.Where(one => one.Accounts.Contains(account)))
        {
            certain += one is { IsSettled: true, Actual: { } actual } ? (Borrows ? Math.Min(actual, one.Hold is null ? 0 : one.Amount) : actual)
                : one is { Hold: not null, Actual: null, IsReleaseAsked: false } ? one.Amount : 0;
        }

        Check(AllowsLoss || used >= certain, $"account {account} counts {used}, clients were told of {certain}");
    }

    public void Claimed(string claim)
    {
        _claims[claim] = _claims.GetValueOrDefault(claim) + 1;
        Check(AllowsLoss || (MayForgetClaims && _dead.Count > 0) || _claims[claim] == 1, $"the alert {claim} was claimed twice");
    }

    public void Surprise(Exception failure) => Check(false, failure.ToString());

    /// <summary>When all is told, all is over and all faults are mended.</summary>
    public void AtRest(int account, AccountState state)
    {
        (long least, long most) = (0, 0);
        foreach (Attempt one in _attempts.Where(one => one.Accounts.Contains(account)))
        {
            (long low, long high) = OutcomeOf(one);
            (least, most) = (least + low, most + high);
        }

        if (Borrows && _dead.Count > 0)
        {
            // What a dead node had borrowed is charged, whatever of it was spent; together that is no more than there is.
            most = Math.Max(most, limits[account] + _attempts.Where(one => one.Accounts.Contains(account)).Sum(static one => Math.Max(0, one.Actual ?? 0)));
        }

        Check(state.Held == 0, $"account {account} holds {state.Held} for ever");
        Check(AllowsLoss || state.Settled >= least, $"account {account} has {state.Settled} settled, at least {least} are right");
        Check(AllowsLoss || state.Settled <= most, $"account {account} has {state.Settled} settled, at most {most} are right");
    }

    private (long Least, long Most) OutcomeOf(Attempt one)
    {
        bool isAskerDead = _dead.Contains(one.Life);
        bool isTellerDead = one.Tellers.Any(_dead.Contains);

        // Without its end: charged at its estimate, given back where nobody knows of it, or one of both.
        (long least, long most) = one.IsRefused ? (0, 0)
            : one.Hold is not null ? (one.Amount, one.Amount + one.MayHaveGrown)
            : one.Name == default && !isAskerDead ? (0L, 0L)
            : (0, one.Amount);
        if (one.IsReleaseAsked)
        {
            (least, most) = one.IsReleased || !isTellerDead ? (0, 0) : (0, most);
        }

        if (one.Actual is { } actual)
        {
            bool isCertain = one.IsSettled || !isTellerDead;

            // A node that borrowed and died was charged for the part as a whole, not for this settlement.
            bool isOfBorrowed = Borrows && isAskerDead;
            (least, most) = isCertain && !isOfBorrowed ? (actual, actual) : (Math.Min(least, Math.Min(actual, one.Amount)), Math.Max(most, actual));
        }

        return (least, most);
    }

    private void Check(bool isTrue, string otherwise)
    {
        if (!isTrue)
        {
            Violation ??= otherwise;
        }
    }
}
