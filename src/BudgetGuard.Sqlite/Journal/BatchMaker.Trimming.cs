using BudgetGuard.Accounting;

namespace BudgetGuard.Sqlite;

/// <summary>What is taken out of the file because nobody needs it any more.</summary>
internal sealed partial class BatchMaker
{
    /// <summary>Looks at an account of the file once all holds are known: what only holds needed that are forgotten by now goes.</summary>
    public void Look(AccountLedger ledger) => _touched.Add(ledger);

    /// <summary>Writes those windows of an account that are over which are still needed, and takes away what is not.</summary>
    private void Trim(AccountLedger ledger)
    {
        KeptAccount kept = KeptOf(ledger);
        bool carriesDebt = ledger.Account.Terms.CarryDebt;
        for (int i = 0; i < kept.Past.Count;)
        {
            KeptPast past = kept.Past[i];
            if (past.Window.Holders == 0 && (!carriesDebt || i == 0))
            {
                Forget(kept, past);
                kept.Past.RemoveAt(i);
                continue;
            }

            if (past.IsChanged)
            {
                past.IsChanged = false;
                _record.Clear();
                past.Window.Write(_record);
                byte[] details = _record.ToArray();
                WindowFigures figures = past.Window.Figures;
                Replace(ref past.Checksum, _checksums.Of(kept.Id, figures, details));
                Batch.PastWindows.Add(new PastWindowRow(kept.Id, figures, details, past.Checksum!.Value));
            }

            i++;
        }

        if (!ledger.IsEvicted)
        {
            return;
        }

        if (ledger.Current.Holders > 0 || kept.Past.Count > 0)
        {
            Put(ledger, AccountPlace.Left);
        }
        else if (kept.Checksum is { } known)
        {
            Batch.GoneAccounts.Add(kept.Id);
            Remove(known);
            kept.Checksum = null;
        }
    }

    private void Forget(KeptAccount kept, KeptPast past)
    {
        if (past.Checksum is { } known)
        {
            Batch.GonePastWindows.Add((kept.Id, past.Window.Index));
            Remove(known);
        }
    }
}
