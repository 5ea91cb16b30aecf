namespace BudgetGuard;

/// <summary>Decides allow, throttle or reject. The only place that decides.</summary>
public interface IBudgetPolicy
{
    /// <summary>Decides on a request. An allow has taken its hold; a policy that allows without one accounts for itself.</summary>
    ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, CancellationToken cancellationToken);
}
