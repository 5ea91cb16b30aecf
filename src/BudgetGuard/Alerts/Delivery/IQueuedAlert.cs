namespace BudgetGuard.Alerts.Delivery;

/// <summary>What waits to be handed on. What it says is written then, and not on the way of the request that caused it.</summary>
internal interface IQueuedAlert
{
    BudgetAlert Write();
}
