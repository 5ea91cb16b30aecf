using System.Security.Cryptography;

namespace BudgetGuard.Api.Deciding;

/// <summary>One decision of a caller, from when it is asked until it is forgotten. What may change is only touched by who holds <see cref="Gate"/>.</summary>
internal sealed class DecidedHold(string caller, string? name, byte[]? fingerprint, DecisionTerms terms, DateTimeOffset expiresAt)
{
    /// <summary>128 random bits: nobody guesses it.</summary>
    public string Id { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

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
    public Money Settled { get; set; }

    /// <summary>What it was settled with, once it is settled.</summary>
    public byte[]? SettledWith { get; set; }
}

/// <summary>How a hold ended. That its time is over only the clock says.</summary>
internal enum HoldEnd
{
    None,
    Released,
    Settled,
}
