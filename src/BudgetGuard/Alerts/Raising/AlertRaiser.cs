using System.Globalization;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Alerts.Raising;

/// <summary>Queues alerts, unless alerting is off; and raises those that are about no account.</summary>
internal sealed class AlertRaiser(SettingsSource settings, AlertQueue queue, GuardMetrics metrics, TimeProvider time)
{
    /// <summary>How long after its window a claim is remembered, so that one that is sent late is not sent twice.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>False while nothing is told.</summary>
    public bool IsOn => settings.Current.EnableAlerting;

    public void Raise(BudgetAlert alert) => Raise(alert.Type, alert.Budget, alert);

    public void Raise(string type, string? budget, IQueuedAlert alert)
    {
        if (IsOn)
        {
            queue.Enqueue(alert);
            metrics.Alerted(type, budget);
        }
    }

    /// <summary>Tells of a model without a price; once a day, which the claim sees to.</summary>
    public void ModelUnpriced(string model, UnpricedModels choice)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset day = new(now.UtcDateTime.Date, TimeSpan.Zero);
        AlertClaim claim = new() { Type = AlertTypes.ModelUnpriced, Subject = model, WindowStart = day, Until = day.AddDays(1) + Memory };
        AlertIds ids = AlertIds.Of(claim, AlertTypes.ModelUnpriced + ":" + model);
        Raise(new BudgetAlert
        {
            Id = ids.Id,
            IncidentKey = ids.Incident,
            Type = AlertTypes.ModelUnpriced,
            Severity = AlertSeverity.Warning,
            At = now,
            Model = model,
            Message = string.Create(CultureInfo.InvariantCulture, $"Model {GuardLog.Printable(model)} has no price; UnpricedModels says {choice}"),
            Claim = claim,
        });
    }

    /// <summary>Tells that the store does not answer, or answers again. Nothing is claimed: it would have to be in that store.</summary>
    public void Store(bool answers, DateTimeOffset since)
    {
        AlertClaim outage = new() { Type = answers ? AlertTypes.Recovered : AlertTypes.StoreUnavailable, WindowStart = since };
        AlertIds ids = AlertIds.Of(outage, AlertTypes.StoreUnavailable);
        Raise(new BudgetAlert
        {
            Id = ids.Id,
            IncidentKey = ids.Incident,
            Type = outage.Type,
            Severity = answers ? AlertSeverity.Information : AlertSeverity.Critical,
            At = time.GetUtcNow(),
            Recovers = answers ? AlertTypes.StoreUnavailable : null,
            Message = answers ? "The store of the budgets answers again" : "The store of the budgets does not answer; FailOpen and OnStoreFailure say what happens to requests",
        });
    }
}
