using System.Collections.Immutable;

namespace BudgetGuard.Policy;

/// <summary>
/// Turns the refusals of several accounts into one denial: reject decides over throttle, then the latest retry.
/// What no waiting can cure is a reject; what others only hold is a throttle for a second, also in a rejecting budget: it is not gone yet.
/// </summary>
internal static class RefusalJudge
{
    public static Denial Judge(ImmutableArray<Refusal> refusals, bool enforced)
    {
        Denial? deciding = null;
        foreach (Refusal refusal in refusals)
        {
            if (refusal.Account.Terms.Enforced == enforced && ToDenial(refusal) is var denial && (deciding is null || Outranks(denial, deciding)))
            {
                deciding = denial;
            }
        }

        return deciding ?? throw new InvalidOperationException("A refused hold names no account that refused.");
    }

    private static bool Outranks(Denial candidate, Denial deciding)
    {
        if (candidate.Kind != deciding.Kind)
        {
            return candidate.Kind == DecisionKind.Reject;
        }

        return (candidate.RetryAt ?? DateTimeOffset.MaxValue) > (deciding.RetryAt ?? DateTimeOffset.MaxValue);
    }

    private static Denial ToDenial(Refusal refusal)
    {
        BudgetTerms terms = refusal.Account.Terms;
        DenialReason reason = refusal.ExceedsLimit ? DenialReason.RequestExceedsLimit
            : refusal.IsHeldByOthers ? DenialReason.HeldByOthers
            : DenialReason.BudgetExceeded;
        bool throttles = reason == DenialReason.HeldByOthers
            || (reason == DenialReason.BudgetExceeded && terms.OnExceeded == BudgetAction.Throttle && refusal.RetryAt is not null);
        bool isUsd = terms.Unit == BudgetUnit.Usd;
        return new Denial
        {
            Kind = throttles ? DecisionKind.Throttle : DecisionKind.Reject,
            Budget = terms.Name,
            Reason = reason,
            RetryAt = throttles ? refusal.RetryAt : null,
            ResetsAt = refusal.State.ResetsAt,
            Limit = isUsd ? Money.FromNanos(refusal.Account.Limit) : null,
            Spent = isUsd ? Money.FromNanos(refusal.State.Settled + refusal.State.Held + refusal.State.Debt) : null,
        };
    }
}
