namespace BudgetGuard.Gateway.Settings;

/// <summary>Where the server will listen, by everything that can say so.</summary>
internal static class ListenAddresses
{
    public const string Default = "http://127.0.0.1:5080";

    private static readonly char[] Separators = [';'];

    /// <summary>Every address that is configured, also one that another setting overrides; empty: none.</summary>
    public static IReadOnlyList<string> Of(IConfiguration configuration) =>
    [
        .. Split(configuration[WebHostDefaults.ServerUrlsKey]),
        .. Split(configuration[WebHostDefaults.HttpPortsKey]).Select(static port => $"http://*:{port}"),
        .. Split(configuration[WebHostDefaults.HttpsPortsKey]).Select(static port => $"https://*:{port}"),
        .. configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(static endpoint => endpoint["Url"]).OfType<string>(),
    ];

    public static IEnumerable<string> ProblemsOf(IConfiguration configuration) =>
        Split(configuration[WebHostDefaults.ServerUrlsKey])
            .Where(static address => Parse(address) is null)
            .Select(static address => $"{WebHostDefaults.ServerUrlsKey}: '{address}' is no address to listen on; expected one such as {Default}");

    /// <summary>The parts of an address; null for what the server would refuse.</summary>
    public static BindingAddress? Parse(string address)
    {
        try
        {
            return BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string[] Split(string? list) =>
        list?.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
