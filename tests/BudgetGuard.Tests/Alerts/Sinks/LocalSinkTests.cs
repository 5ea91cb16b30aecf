using System.Text;
using System.Text.Json;
using BudgetGuard.Alerts.Sinks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>The sinks that write to this machine, and what no text of a caller may do to whoever reads it.</summary>
public sealed class LocalSinkTests
{
    public static TheoryData<int> Hostile => [.. Enumerable.Range(0, AlertCases.HostileTexts.Count)];

    [Theory]
    [InlineData(AlertTypes.Digest)]
    [InlineData(AlertTypes.DailySummary)]
    public async Task Console_lists_the_items_and_counts_the_rest(string type)
    {
        string[] lines = Lines(await ConsoleAsync(SampleAlerts.Of(type)));
        Assert.Equal($"2026-06-10 14:03:00 UTC information {type}: Sample of {type}", lines[0]);
        Assert.Equal([.. Enumerable.Range(1, 20).Select(static i => $"  - budget b{i}: {i} of 50 USD"), "  - and 10 more"], lines[1..]);
    }

    [Theory]
    [InlineData(20, "  - budget b20: 20 of 50 USD")]
    [InlineData(21, "  - and 1 more")]
    public async Task Console_counts_only_what_it_does_not_show(int items, string last)
    {
        BudgetAlert digest = SampleAlerts.Of(AlertTypes.Digest);
        Assert.Equal(last, Lines(await ConsoleAsync(digest with { Items = [.. digest.Items.Take(items)] }))[^1]);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task T179_Console_text_stays_on_its_line_and_moves_no_cursor(int index)
    {
        string text = AlertCases.HostileTexts[index];
        string[] lines = Lines(await ConsoleAsync(Digest(text)));
        Assert.Equal(3, lines.Length);
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 1100));
        Assert.All(lines, AssertHarmless);
    }

    [Theory]
    [InlineData(AlertSeverity.Critical, LogLevel.Error)]
    [InlineData(AlertSeverity.Warning, LogLevel.Warning)]
    [InlineData(AlertSeverity.Information, LogLevel.Information)]
    public async Task Log_level_is_the_severity(AlertSeverity severity, LogLevel level)
    {
        FakeLogRecord record = await LogAsync(SampleAlerts.Of(AlertTypes.ForecastExceeded) with { Severity = severity });
        Assert.Equal((level, 400, "BudgetGuard.Alerts"), (record.Level, record.Id.Id, record.Category));
    }

    [Fact]
    public async Task Log_says_when_it_starts_anew_only_where_it_does()
    {
        Assert.Equal(
            "budget_exceeded: Sample of budget_exceeded; starts anew 2026-06-11T00:00:00.0000000+00:00", (await LogAsync(SampleAlerts.Of(AlertTypes.BudgetExceeded))).Message);
        Assert.Equal("store_unavailable: Sample of store_unavailable", (await LogAsync(SampleAlerts.Of(AlertTypes.StoreUnavailable))).Message);
    }

    [Fact]
    public async Task Log_lists_the_items_and_counts_the_rest()
    {
        FakeLogRecord record = await LogAsync(SampleAlerts.Of(AlertTypes.Digest));
        Assert.Equal(401, record.Id.Id);
        Assert.Equal(
            "digest: Sample of digest: " + string.Join("; ", Enumerable.Range(1, 20).Select(static i => $"budget b{i}: {i} of 50 USD")) + "; and 10 more", record.Message);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task T179_Log_text_has_no_control_characters(int index)
    {
        string text = AlertCases.HostileTexts[index];
        AssertHarmless((await LogAsync(Digest(text))).Message);
        AssertHarmless((await LogAsync(AlertCases.With(text))).Message);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void T179_Chat_text_has_no_control_characters_and_no_markup_of_callers(int index)
    {
        foreach (BudgetAlert alert in (BudgetAlert[])[AlertCases.With(AlertCases.HostileTexts[index]), Digest(AlertCases.HostileTexts[index])])
        {
            AssertAll(SlackAlertSink.Body(alert), static text => AssertHarmless(text.Replace('\n', ' ')));
            AssertAll(PagerDutyAlertSink.Body(alert, SinkRig.RoutingKey), AssertHarmless, "custom_details");
            AssertAll(DiscordAlertSink.Body(alert), static text => AssertHarmless(text.Replace('\n', ' ')));
            AssertAll(DiscordAlertSink.Body(alert), AssertNoMarkdown, "allowed_mentions", "timestamp", "footer");
            AssertAll(TeamsAlertSink.Body(alert), AssertHarmless);
            AssertAll(TeamsAlertSink.Body(alert), AssertNoMarkdown, "$schema", "contentType");
        }
    }

    private static BudgetAlert Digest(string text) => SampleAlerts.Of(AlertTypes.Digest) with
    {
        Message = text,
        Items = [new AlertItem { Text = text, Budget = text }, new AlertItem { Text = text + "😀", Budget = text }],
    };

    private static async Task<string> ConsoleAsync(BudgetAlert alert)
    {
        using StringWriter output = new();
        await new ConsoleAlertSink("stdout", output).SendAsync(alert, default);
        return output.ToString();
    }

    private static async Task<FakeLogRecord> LogAsync(BudgetAlert alert)
    {
        FakeLogCollector logs = FakeLogCollector.Create(new FakeLogCollectorOptions());
        using FakeLoggerProvider provider = new(logs);
        using LoggerFactory loggers = new([provider]);
        await new LogAlertSink(loggers).SendAsync(alert, default);
        return Assert.Single(logs.GetSnapshot());
    }

    /// <summary>The lines that were ended, each by one end of a line.</summary>
    private static string[] Lines(string text)
    {
        Assert.EndsWith(Environment.NewLine, text, StringComparison.Ordinal);
        return text[..^Environment.NewLine.Length].Split(Environment.NewLine);
    }

    private static void AssertHarmless(string text) => Assert.DoesNotContain(text.EnumerateRunes(), static rune =>
        Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 or 0x200B or 0x200E or 0x200F or 0x061C or 0xFEFF or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069));

    /// <summary>Each mark that means something has a backslash of its own.</summary>
    private static void AssertNoMarkdown(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
                Assert.True(i < text.Length && char.IsAscii(text[i]), "A backslash stands before nothing: " + text);
            }
            else
            {
                Assert.False("*_~`|[]()<>@#!+:&".Contains(text[i], StringComparison.Ordinal), $"'{text[i]}' at {i} is not escaped: {text}");
            }
        }
    }

    private static void AssertAll(byte[] body, Action<string> assert, params string[] except)
    {
        using var document = JsonDocument.Parse(body);
        Walk(document.RootElement, assert, except);
    }

    private static void Walk(JsonElement element, Action<string> assert, string[] except)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            assert(element.GetString()!);
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                Walk(item, assert, except);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject().Where(property => !except.Contains(property.Name)))
            {
                Walk(property.Value, assert, except);
            }
        }
    }
}
