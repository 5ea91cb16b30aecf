namespace BudgetGuard.Diagnostics;

/// <summary>What was decided and spent lately, for the API to tell. It remembers nothing until the API is mapped: nobody could ask.</summary>
internal sealed class GuardHistory(GuardEvents events, TimeProvider time)
{
    private volatile bool _isOn;

    /// <summary>False where nobody can ask; then requests do nothing here.</summary>
    public bool IsOn => _isOn;

    public DecisionRing Decisions { get; } = new();

    public SpendBook Spend { get; } = new();

    public void TurnOn() => _isOn = true;

    /// <summary>Remembers what was decided on a request.</summary>
    public void Decided(BudgetRequest request, in BudgetDecision decision) =>
        Decided(request, decision.Kind, decision.Budget, ReasonOf(decision));

    public void Decided(BudgetRequest request, DecisionKind kind, string? budget, string? reason)
    {
        DateTimeOffset now = time.GetUtcNow();
        var entry = new DecisionEntry
        {
            At = now,
            User = request.Subject.User,
            Operation = request.Operation,
            Model = request.Model,
            Kind = kind,
            Budget = budget,
            Estimated = request.Estimated.Cost,
            Reason = reason,
        };
        request.Ticket = Decisions.Add(entry);
        if (kind != DecisionKind.Allow)
        {
            Spend.Add(now, new SpendKey(entry.User, entry.Model, entry.Operation, BudgetNames.Of(budget)), new SpendSum { Denied = 1 });
        }

        if (events.IsHeard)
        {
            events.Publish(new GuardEvent(entry));
        }
    }

    /// <summary>Remembers what a request cost in the end.</summary>
    public void Settled(BudgetRequest request, AccountSet? accounts, in Charge actual, long inputTokens)
    {
        long input = Math.Min(inputTokens, actual.Tokens);
        Spend.Add(
            time.GetUtcNow(),
            new SpendKey(request.Subject.User, request.Model, request.Operation, BudgetNames.Of(accounts)),
            new SpendSum { Requests = 1, InputTokens = input, OutputTokens = actual.Tokens - input, CostNanos = actual.Cost.Nanos });
        Ended(request, actual.Cost);
    }

    /// <summary>Remembers that a request ended, at a cost that is counted already or that is none.</summary>
    public void Ended(BudgetRequest request, Money cost)
    {
        if (request.Ticket > 0)
        {
            Decisions.Settle(request.Ticket, cost);
        }
    }

    /// <summary>Tells listeners of accounts on which something was settled or given back; after it was.</summary>
    public void Changed(AccountSet? accounts)
    {
        if (accounts is not null && events.IsHeard)
        {
            events.Publish(new GuardEvent(null, accounts));
        }
    }

    private static string? ReasonOf(in BudgetDecision decision) => decision switch
    {
        { Denial: { } denial } => ReasonOf(denial.Reason),
        { IsUncounted: true } => "store_unavailable",
        { Shadow: not null } => "shadow",
        _ => null,
    };

    public static string ReasonOf(DenialReason reason) => reason switch
    {
        DenialReason.HeldByOthers => "held_by_others",
        DenialReason.RequestExceedsLimit => "request_exceeds_limit",
        _ => "budget_exceeded",
    };
}
