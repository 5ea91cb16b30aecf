namespace BudgetGuard;

/// <summary>Whether a budget denies.</summary>
public enum BudgetMode
{
    /// <summary>It denies what it cannot pay for.</summary>
    Enforce,

    /// <summary>It decides and reports, and never denies.</summary>
    Shadow,
}

/// <summary>What happens to a request when the store fails.</summary>
public enum StoreFailureAction
{
    /// <summary>It passes uncounted.</summary>
    Allow,

    /// <summary>It is answered 503.</summary>
    Reject,
}

/// <summary>What happens to a request for a model without a price.</summary>
public enum UnpricedModels
{
    /// <summary>It costs <see cref="BudgetGuardOptions.DefaultCost"/>.</summary>
    UseDefaultCost,

    /// <summary>It is refused with 400.</summary>
    Reject,

    /// <summary>It passes at no cost, is counted and told of once.</summary>
    Allow,
}

/// <summary>What happens to a stream when its budgets have no money left for more of it.</summary>
public enum StreamExhaustion
{
    /// <summary>It goes on; what it costs above its hold is counted as overshoot.</summary>
    Finish,

    /// <summary>
    /// It ends after the event that is passing, with an error event and the end marker of its API, and the app's request is cancelled. A compressed or
    /// binary stream cannot be ended so: its connection is.
    /// </summary>
    Cut,
}

/// <summary>The shape of a denial's body.</summary>
public enum ResponseFormat
{
    /// <summary><c>{"error":"Budget limit exceeded","decision":…}</c>.</summary>
    BudgetGuard,

    /// <summary>RFC 9457 problem details.</summary>
    ProblemDetails,

    /// <summary>The error shape of OpenAI's API.</summary>
    OpenAI,

    /// <summary>The error shape of Anthropic's API.</summary>
    Anthropic,

    /// <summary>The error shape of Google's APIs, Gemini's among them.</summary>
    Gemini,
}
