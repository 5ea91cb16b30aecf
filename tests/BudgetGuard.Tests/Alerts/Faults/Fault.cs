namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>What is wrong with a receiver, or with a sink of the program.</summary>
public enum Fault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It takes the request and never answers.</summary>
    Hangs,

    /// <summary>Nobody listens on its port.</summary>
    Refuses,

    /// <summary>It answers 500.</summary>
    Answers500,

    /// <summary>It answers 429 and asks for some seconds.</summary>
    Answers429,

    /// <summary>It answers 302, to another path of its own.</summary>
    Redirects,

    /// <summary>It resets the connection.</summary>
    Resets,

    /// <summary>It sends a byte of its answer's head each second.</summary>
    DripsHead,

    /// <summary>It answers 500 at once, and then sends a byte of the body each second.</summary>
    DripsBody,

    /// <summary>It answers 500 with a body that does not end.</summary>
    EndlessFailure,

    /// <summary>It answers 200 with a body that does not end.</summary>
    EndlessSuccess,

    /// <summary>A sink of the program throws.</summary>
    Throws,

    /// <summary>A sink of the program blocks the thread it is called on.</summary>
    Blocks,

    /// <summary>A sink of the program waits for ever, whatever its token says.</summary>
    IgnoresToken,
}
