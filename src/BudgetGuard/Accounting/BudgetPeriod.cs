namespace BudgetGuard;

/// <summary>The calendar window after which a budget starts anew.</summary>
public enum BudgetPeriod
{
    /// <summary>A calendar minute.</summary>
    Minute,

    /// <summary>A calendar hour.</summary>
    Hour,

    /// <summary>A calendar day in the budget's time zone.</summary>
    Day,

    /// <summary>A week that starts on Monday in the budget's time zone.</summary>
    Week,

    /// <summary>A calendar month in the budget's time zone.</summary>
    Month,

    /// <summary>A calendar quarter in the budget's time zone.</summary>
    Quarter,

    /// <summary>A calendar year in the budget's time zone.</summary>
    Year,

    /// <summary>One window without end: the budget never starts anew.</summary>
    Total,
}
