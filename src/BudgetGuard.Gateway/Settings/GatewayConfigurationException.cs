namespace BudgetGuard.Gateway.Settings;

/// <summary>The program cannot start with this configuration; the message lists all that is wrong, for a person to read.</summary>
internal sealed class GatewayConfigurationException(string message) : Exception(message);
