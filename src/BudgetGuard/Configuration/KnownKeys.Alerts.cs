namespace BudgetGuard.Configuration;

internal static partial class KnownKeys
{
    public static IReadOnlyList<KnownKey<AlertSinkOptions>> AlertSink { get; } =
    [
        One<AlertSinkOptions, string>("Type", ValueParsers.Text, (o, v) => o.Type = v),
        One<AlertSinkOptions, AlertSeverity>("MinSeverity", ValueParsers.Name, (o, v) => o.MinSeverity = v),
        Many<AlertSinkOptions, string>("Budgets", ValueParsers.Text, (o, v) => o.Budgets = v),
        Many<AlertSinkOptions, string>("Types", ValueParsers.Text, (o, v) => o.Types = v),
        One<AlertSinkOptions, bool>("SendRecovered", ValueParsers.Bool, (o, v) => o.SendRecovered = v),
        One<AlertSinkOptions, int>("MaxPerMinute", ValueParsers.Int, (o, v) => o.MaxPerMinute = v),
        One<AlertSinkOptions, TimeSpan>("DigestEvery", DurationParser.Parse, (o, v) => o.DigestEvery = v),
        One<AlertSinkOptions, TimeSpan>("Timeout", DurationParser.Parse, (o, v) => o.Timeout = v),
        One<AlertSinkOptions, int>("Retries", ValueParsers.Int, (o, v) => o.Retries = v),
        One<AlertSinkOptions, string>("Url", ValueParsers.Text, (o, v) => o.Url = v),
        One<AlertSinkOptions, string>("UrlFile", ValueParsers.Text, (o, v) => o.UrlFile = v),
        One<AlertSinkOptions, string>("Secret", ValueParsers.Text, (o, v) => o.Secret = v),
        One<AlertSinkOptions, string>("SecretFile", ValueParsers.Text, (o, v) => o.SecretFile = v),
        One<AlertSinkOptions, bool>("CloudEvents", ValueParsers.Bool, (o, v) => o.CloudEvents = v),
        One<AlertSinkOptions, bool>("AllowPrivateNetworks", ValueParsers.Bool, (o, v) => o.AllowPrivateNetworks = v),
        One<AlertSinkOptions, string>("RoutingKey", ValueParsers.Text, (o, v) => o.RoutingKey = v),
        One<AlertSinkOptions, string>("RoutingKeyFile", ValueParsers.Text, (o, v) => o.RoutingKeyFile = v),
        One<AlertSinkOptions, string>("Host", ValueParsers.Text, (o, v) => o.Host = v),
        One<AlertSinkOptions, int>("Port", ValueParsers.Int, (o, v) => o.Port = v),
        One<AlertSinkOptions, string>("Security", ValueParsers.Text, (o, v) => o.Security = v),
        One<AlertSinkOptions, string>("UserName", ValueParsers.Text, (o, v) => o.UserName = v),
        One<AlertSinkOptions, string>("Password", ValueParsers.Text, (o, v) => o.Password = v),
        One<AlertSinkOptions, string>("PasswordFile", ValueParsers.Text, (o, v) => o.PasswordFile = v),
        One<AlertSinkOptions, string>("From", ValueParsers.Text, (o, v) => o.From = v),
        Many<AlertSinkOptions, string>("To", ValueParsers.Text, (o, v) => o.To = v),
    ];

    public static IReadOnlyList<KnownKey<AlertOptions>> Alerts { get; } =
    [
        new("Sinks", (reader, path, o) => reader.ReadMap(path, o.Sinks, AlertSink)),
        One<AlertOptions, TimeSpan>("DrainTimeout", DurationParser.Parse, (o, v) => o.DrainTimeout = v),
        One<AlertOptions, TimeOnly>("DailySummaryAt", ValueParsers.TimeOfDay, (o, v) => o.DailySummaryAt = v),
        One<AlertOptions, string>("TimeZone", ValueParsers.Text, (o, v) => o.TimeZone = v),
    ];
}
