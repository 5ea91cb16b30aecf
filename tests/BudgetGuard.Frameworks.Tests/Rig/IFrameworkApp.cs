namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>A running app of one framework, and where its spend is counted.</summary>
internal interface IFrameworkApp : IAsyncDisposable
{
    HttpClient Client { get; }

    Ledger Ledger { get; }

    /// <summary>Ends it at once, as a crash does.</summary>
    void Kill();
}

/// <summary>How an app is started.</summary>
internal enum Setup
{
    /// <summary>As it comes.</summary>
    Common,

    /// <summary>Only paths below <c>/api</c> are guarded.</summary>
    OnlyApi,

    /// <summary>What decides does not answer; requests pass.</summary>
    DownOpen,

    /// <summary>What decides does not answer; requests do not pass.</summary>
    DownClosed,

    /// <summary>What decides takes a connection and says nothing; requests do not pass.</summary>
    SilentClosed,
}
