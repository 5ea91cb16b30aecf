using System.Security.Cryptography;

namespace BudgetGuard.Api.Deciding;

/// <summary>One decision of a caller, from when it is asked until it is forgotten. What may change is only touched by who holds <see cref="Gate"/>.</summary>
internal sealed class DecidedHold(string id, string caller, string? name, byte[]? fingerprint, DecisionTerms terms, DateTimeOffset expiresAt)
{
    public DecidedHold(string caller, string? name, byte[]? fingerprint, DecisionTerms terms, DateTimeOffset expiresAt)
        : this(IdOf(terms.Request.Id == default ? NewId() : terms.Request.Id), caller, name, fingerprint, terms, expiresAt)
    {
    }

    /// <summary>128 random bits: nobody guesses it.</summary>
    public string Id { get; } = id;

    public string Caller { get; } = caller;

    /// <summary>The id that the caller gave it; null if none.</summary>
    public string? Name { get; } = name;

    /// <summary>What was asked, so that the same name for something else is noticed.</summary>
    public byte[]? Fingerprint { get; } = fingerprint;

    public DecisionTerms Terms { get; } = terms;

    /// <summary>Lets one step at a time change the hold.</summary>
    public StepGate Gate { get; } = new();

    /// <summary>What everybody is told who asks for it meanwhile.</summary>
    public TaskCompletionSource<DecisionResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Hold Hold { get; set; }

    public DateTimeOffset ExpiresAt { get; set; } = expiresAt;

    public HoldEnd End { get; set; }

    /// <summary>What it was charged, once it is settled.</summary>
    public Charge Settled { get; set; }

    /// <summary>What it was settled with, once it is settled.</summary>
    public byte[]? SettledWith { get; set; }

    /// <summary>True if a note of it is kept, which says how it ended.</summary>
    public bool IsNoted { get; set; }

    /// <summary>By what the store knows its name.</summary>
    public string? NoteName { get => field ??= HoldNote.NameOf(Caller, Name); init; }

    /// <summary>True once the accounts have taken its end.</summary>
    public bool IsTaken { get; set; }

    /// <summary>A new id: 128 random bits.</summary>
    public static HoldId NewId() => new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)), BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));

    public void EndAs(NotedEnd end) => (End, Settled, SettledWith) = (end.How, end.Charge, end.With);

    private static string IdOf(HoldId id) => $"{id.High:x16}{id.Low:x16}";
}

/// <summary>How a hold ended. That its time is over only the clock says.</summary>
internal enum HoldEnd
{
    None,
    Released,
    Settled,
}
