using BudgetGuard.Gateway;
using BudgetGuard.Gateway.Settings;
using Microsoft.Extensions.Options;

try
{
    await using WebApplication app = GatewayApp.Build(args);
    await app.RunAsync();
    return 0;
}
catch (Exception refused) when (refused is GatewayConfigurationException or OptionsValidationException)
{
    // Made for a person: where it was found says nothing that the text does not.
    await Console.Error.WriteLineAsync(refused.Message);
    return 1;
}

/// <summary>The entry point, for tests that host the program.</summary>
public partial class Program;
