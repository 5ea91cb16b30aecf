using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>How a budget's terms are kept, so that its accounts are what they were before anybody asks for them.</summary>
internal static class KeptTerms
{
    public static void Write(BudgetTerms terms, RecordWriter record)
    {
        record.Add(terms.Name);
        record.Add((int)terms.Unit);
        record.Add((int)terms.Window.Period);
        record.Add(terms.Window.Zone.Id);
        record.Add(terms.Window.Rolling is not null);
        record.Add(terms.Window.Rolling?.Ticks ?? 0);
        record.Add(terms.Per.Length);
        foreach (string dimension in terms.Per)
        {
            record.Add(dimension);
        }

        record.Add((int)terms.OnExceeded);
        record.Add(terms.Enforced);
        record.Add(terms.CarryDebt);
        record.Add(terms.AlertAt.IsDefault ? 0 : terms.AlertAt.Length);
        foreach (decimal share in terms.AlertAt.IsDefault ? [] : terms.AlertAt)
        {
            record.Add(share);
        }

        record.Add(terms.ForecastAt);
        record.Add(terms.SpikeFactor);
        record.Add(terms.MaxTrackedPartitions);
    }

    /// <exception cref="TimeZoneNotFoundException">This machine does not know the budget's time zone.</exception>
    public static BudgetTerms Read(ref RecordReader record)
    {
        string name = record.Text() ?? throw RecordReader.Bad();
        var unit = (BudgetUnit)record.Int();
        var period = (BudgetPeriod)record.Int();
        string zone = record.Text() ?? throw RecordReader.Bad();
        bool isRolling = record.Bool();
        long rolling = record.Long();
        return new BudgetTerms
        {
            Name = name,
            Unit = unit,
            Window = new WindowSpec(period, TimeZoneInfo.FindSystemTimeZoneById(zone), isRolling ? new TimeSpan(rolling) : null),
            Per = Texts(ref record),
            OnExceeded = (BudgetAction)record.Int(),
            Enforced = record.Bool(),
            CarryDebt = record.Bool(),
            AlertAt = Shares(ref record),
            ForecastAt = record.Decimal(),
            SpikeFactor = record.Decimal(),
            MaxTrackedPartitions = record.Int(),
        };
    }

    private static ImmutableArray<string> Texts(ref RecordReader record)
    {
        var texts = new string[record.Count()];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = record.Text() ?? throw RecordReader.Bad();
        }

        return [.. texts];
    }

    private static ImmutableArray<decimal> Shares(ref RecordReader record)
    {
        var shares = new decimal[record.Count()];
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = record.Decimal();
        }

        return [.. shares];
    }
}
