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

    private static string[] Split(string? list) =>
        list?.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
