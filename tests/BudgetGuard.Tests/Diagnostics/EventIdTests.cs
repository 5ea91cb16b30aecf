using System.Reflection;
using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>Ids and names of log events: people filter and alarm by them, so they are unique and stay.</summary>
public sealed class EventIdTests
{
    private static readonly Dictionary<int, string> Known = new()
    {
        [1] = "NotGuarded",
        [2] = "Guarded",
        [3] = "RequestRefused",
        [4] = "RequestDone",
        [5] = "UnsafeChoice",
        [6] = "NotUsed",
        [7] = "Overshot",
        [8] = "PartitionsOverflowed",
        [9] = "ModelUnpriced",
        [10] = "RequestUndecided",
        [100] = "ConfigurationReloadRefused",
        [101] = "ConfigurationReloadFailed",
        [102] = "ConfigurationReloaded",
        [120] = "PriceFileRefused",
        [121] = "PriceFileRead",
        [122] = "PriceFileOdd",
        [201] = "GuardFailed",
        [202] = "ExtensionFailed",
        [203] = "AlertNotSent",
        [204] = "FailuresSkipped",
        [400] = "Alert",
        [401] = "AlertItems",
        [410] = "AlertsDropped",
        [411] = "AlertSinkBroken",
        [412] = "AlertSinkWorks",
        [413] = "AlertDigestLost",
        [414] = "AlertSinksNotRebuilt",
        [520] = "AccountToppedUp",
        [521] = "AccountReset",
        [522] = "AdminKeyRefused",
        [610] = "HistoryNotWritten",
        [611] = "HistoryWritten",
        [612] = "HistoryLost",
        [613] = "HistoryNotRead",
    };

    private static LoggerMessageAttribute[] Messages { get; } =
    [
        .. typeof(GuardMetrics).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>(),
    ];

    [Fact]
    public void Event_ids_and_names_are_unique()
    {
        Assert.Equal(Messages.Length, Messages.Select(message => message.EventId).Distinct().Count());
        Assert.Equal(Messages.Length, Messages.Select(message => message.EventName).Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain(Messages, message => message.EventId <= 0 || string.IsNullOrEmpty(message.EventName));
    }

    [Fact]
    public void Event_ids_keep_their_names()
    {
        // A new event may come; one that is here stays what it is.
        Dictionary<int, string?> now = Messages.ToDictionary(message => message.EventId, message => message.EventName);
        Assert.All(Known, known => Assert.Equal((known.Key, known.Value), (known.Key, now.GetValueOrDefault(known.Key))));
    }
}
