using System.Diagnostics.CodeAnalysis;
using BudgetGuard.Filtering;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Diagnostics;

/// <summary>The messages of a request's way. Never amounts of others, bodies, headers or keys; client text only after it was checked or escaped.</summary>
internal static partial class GuardLog
{
    [LoggerMessage(1, LogLevel.Debug, "{Method} {Path} is not guarded: {Verdict}", EventName = "NotGuarded", SkipEnabledCheck = true)]
    public static partial void NotGuarded(ILogger logger, string method, string path, FilterVerdict verdict);

    [LoggerMessage(2, LogLevel.Debug, "{Method} {Path} is guarded: user {User}, operation {Operation}, model {Model}, estimate {Estimate}; decision {Decision}, budget {Budget}",
        EventName = "Guarded", SkipEnabledCheck = true)]
    public static partial void Guarded(
        ILogger logger, string method, string path, string? user, string operation, string? model, Money estimate, string decision, string? budget);

    [LoggerMessage(3, LogLevel.Debug, "The request body was refused with {Status}: {Reason}", EventName = "RequestRefused")]
    public static partial void RequestRefused(ILogger logger, int status, string reason);

    [LoggerMessage(4, LogLevel.Information, "{Method} {Path}: {Decision} by {Budget}, user {User}, operation {Operation}, model {Model}, status {Status}, cost {Cost}",
        EventName = "RequestDone", SkipEnabledCheck = true)]
    public static partial void RequestDone(
        ILogger logger, string method, string path, string decision, string? budget, string? user, string operation, string? model, int status, Money cost);

    [LoggerMessage(5, LogLevel.Warning, "{Choice}", EventName = "UnsafeChoice")]
    public static partial void UnsafeChoice(ILogger logger, string choice);

    [LoggerMessage(6, LogLevel.Warning, "AddBudgetGuard was called but UseBudgetGuard was not: no HTTP request of this app is guarded.", EventName = "NotUsed")]
    public static partial void NotUsed(ILogger logger);

    [LoggerMessage(7, LogLevel.Debug, "The settlement of a request exceeded its hold on budget {Budget} by {Amount} of its unit and took it above its limit", EventName = "Overshot")]
    public static partial void Overshot(ILogger logger, string budget, long amount);

    [LoggerMessage(8, LogLevel.Warning, "Budget {Budget} has more partitions than MaxTrackedPartitions; new ones share one overflow account", EventName = "PartitionsOverflowed")]
    public static partial void PartitionsOverflowed(ILogger logger, string budget);

    [LoggerMessage(9, LogLevel.Warning, "Model {Model} has no price; UnpricedModels says {Choice}. Told once for each model.", EventName = "ModelUnpriced")]
    public static partial void ModelUnpriced(ILogger logger, string model, UnpricedModels choice);

    [LoggerMessage(10, LogLevel.Information, "{Method} {Path}: {How}, status {Status}", EventName = "RequestUndecided", SkipEnabledCheck = true)]
    public static partial void RequestUndecided(ILogger logger, string method, string path, string how, int status);

    /// <summary>Client text as one line without characters that act on a terminal.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Printable(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return text;
        }

        ReadOnlySpan<char> shown = text.Length <= 256 ? text : text.AsSpan(0, 256);
        return Identification.SubjectRules.IsShowable(shown)
            ? shown.Length == text.Length ? text : shown.ToString()
            : string.Create(shown.Length, text, static (target, source) =>
            {
                for (int i = 0; i < target.Length; i++)
                {
                    target[i] = Identification.SubjectRules.IsShowable(source.AsSpan(i, 1)) ? source[i] : '?';
                }
            });
    }
}
