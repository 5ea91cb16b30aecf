namespace BudgetGuard.Alerts.Delivery;

internal sealed partial class SinkWorker
{
    /// <summary>Counts an alert for the next digest, if the storm control or a full queue says so; not where no digest comes any more.</summary>
    private bool Fold(AlertDelivery delivery, bool force)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            if (force)
            {
                _storm.Fold();
            }
            else if (_storm.TrySend() || (_sink is IIncidentSink && delivery.Alert.Type == AlertTypes.Recovered))
            {
                return false;
            }

            _folded.Add(delivery.Alert);
        }

        _recent.Add(delivery.Alert);

        _figures.CountFolded();
        _log.Folded(Name);
        delivery.Done(Name, AlertOutcome.Folded);
        return true;
    }

    private async ValueTask SendDigestIfDueAsync()
    {
        bool isDue;
        lock (_gate)
        {
            isDue = _storm.IsFolding && _storm.TimeLeft <= TimeSpan.Zero;
        }

        if (isDue)
        {
            await SendDigestAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask SendDigestAsync()
    {
        FoldedAlerts folded;
        lock (_gate)
        {
            if (_folded.Count == 0)
            {
                return;
            }

            folded = _folded;
            _folded = new FoldedAlerts();
            _storm.SendDigest();
        }

        bool? isSent = await TrySendAsync(folded.ToDigest(_time.GetUtcNow())).ConfigureAwait(false);
        if (isSent is null)
        {
            _log.DigestLost(Name, folded.Count);
        }
        else if (isSent is false)
        {
            KeepForNextDigest(folded);
        }
    }

    /// <summary>What a digest tells was claimed and is told nowhere else: it waits for the next one.</summary>
    private void KeepForNextDigest(FoldedAlerts folded)
    {
        if (_isClosed)
        {
            _log.DigestLost(Name, folded.Count);
            return;
        }

        lock (_gate)
        {
            _folded.Merge(folded);
            _storm.Fold();
        }
    }
}
