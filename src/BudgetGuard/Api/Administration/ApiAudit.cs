using System.Globalization;
using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Api.Administration;

/// <summary>The lines that what administrators do leaves in the log, at a level that no host turns off by habit: who, what, before and after.</summary>
internal sealed partial class ApiAudit(ILogger<ApiAudit> logger)
{
    public void ToppedUp(HttpContext context, string budget, string partition, decimal before, decimal after, DateTimeOffset? until) =>
        LogToppedUp(
            WhoOf(context), AddressOf(context), budget, GuardLog.Printable(partition), before, after,
            until is { } end ? end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "its window ends");

    public void Reset(HttpContext context, string budget, string partition, decimal used) =>
        LogReset(WhoOf(context), AddressOf(context), budget, GuardLog.Printable(partition), used);

    public void WrongKey(HttpContext context) => LogWrongKey(AddressOf(context));

    private static string WhoOf(HttpContext context) => GuardLog.Printable(context.Features.Get<ApiUser>()?.Name) ?? "unknown";

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    [LoggerMessage(
        520, LogLevel.Warning, "{Who} at {Address} raised the limit of budget {Budget} for {Partition} from {Before} to {After} until {Until}", EventName = "AccountToppedUp")]
    private partial void LogToppedUp(string who, string address, string budget, string partition, decimal before, decimal after, string until);

    [LoggerMessage(521, LogLevel.Warning, "{Who} at {Address} reset budget {Budget} for {Partition}, of which {Used} was used", EventName = "AccountReset")]
    private partial void LogReset(string who, string address, string budget, string partition, decimal used);

    [LoggerMessage(522, LogLevel.Warning, "A wrong administration key was presented from {Address}.", EventName = "AdminKeyRefused")]
    private partial void LogWrongKey(string address);
}
