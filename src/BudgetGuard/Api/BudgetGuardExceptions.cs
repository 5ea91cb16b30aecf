namespace BudgetGuard;

/// <summary>The policy or the store failed, and a budget of the request is closed on failure.</summary>
public sealed class BudgetGuardUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    public BudgetGuardUnavailableException()
        : this("Budget guard unavailable")
    {
    }

    /// <summary>Makes the exception.</summary>
    public BudgetGuardUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception.</summary>
    public BudgetGuardUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The identity a caller brought was used before with another payload, or what it named is over.</summary>
public sealed class BudgetHoldConflictException : Exception
{
    /// <summary>Makes the exception.</summary>
    public BudgetHoldConflictException()
        : this("The identity was used before for another request, or its hold is already over.")
    {
    }

    /// <summary>Makes the exception.</summary>
    public BudgetHoldConflictException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception.</summary>
    public BudgetHoldConflictException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
