namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>An official client library, used as its makers describe.</summary>
public interface ISdk
{
    /// <summary>Asks a model and gives what came of it; errors of the SDK are part of that, and it retries as often as its own rules say, five times at most.</summary>
    Task<SdkOutcome> AskAsync(Uri gateway, string key, string prompt, bool isStream);
}
