namespace BudgetGuard.Alerts.Delivery;

/// <summary>A sink whose receiver keeps an incident open until it is told that it is over: a digest could not tell it.</summary>
internal interface IIncidentSink : IAlertSink;
