using System.Globalization;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Alerts that a sink has to be able to write: each type, what callers may call themselves, the largest and the smallest, and many by chance.</summary>
internal static class AlertCases
{
    /// <summary>Fixed, so that what failed once fails again.</summary>
    private const int Seed = 20260610;

    private const int Random = 3_000;

    private static readonly DateTimeOffset _now = SampleAlerts.Time.GetUtcNow();

    /// <summary>What a caller may be called.</summary>
    public static IReadOnlyList<string> HostileTexts { get; } =
    [
        string.Empty,
        " ",
        "\n",
        "\u200B",
        new string('x', 10_000),
        new string('*', 10_000),
        new string('&', 10_000),
        new string('\\', 10_000),
        new string('"', 10_000),
        new string('\0', 10_000),
        new string('\u0130', 10_000),
        string.Concat(Enumerable.Repeat("😀", 5_000)),
        string.Concat(Enumerable.Repeat("👩‍💻", 2_000)),
        "<!channel> <!here> <@U012AB3CD> <#C012AB3CD> <http://evil.example|click> &lt;!channel&gt;",
        "@everyone @here <@123456789012345678> <@&123456789012345678> <at>Everyone</at>",
        "**bold** __u__ ~~s~~ `code` ```block``` ||spoiler|| [click](http://evil.example) ![i](http://evil.example/x.png) # h > q - l + l 1. l",
        "{{DATE(2026-06-10T00:00:00Z, SHORT)}} ${budget} @{triggerBody()}",
        "\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>",
        "\u001b[31mred\u001b[0m \u0007\b\u009b31m\u007f",
        "line\u2028separator\u2029paragraph\u0085next\vtab\f",
        "\ud800 lone high, \udc00 lone low, reversed \udc00\ud800",
        "\ud83d",
        "\u202Eright to left\u202C \u2066isolated\u2069 \u200Fmark \u061C",
        "\uFFFE\uFFFF\uFDD0\U0001FFFF",
        "\uFEFFbyte order mark",
        "שלום مرحبا",
        "Z̸̛̺a̷l̵g̶o" + new string('\u0301', 500),
    ];

    public static IReadOnlyList<(string Name, BudgetAlert Alert)> All { get; } = [.. Samples(), .. Hostile(), .. Extremes(), .. ByChance()];

    /// <summary>One whose every text of a caller is the given one.</summary>
    public static BudgetAlert With(string text, string type = AlertTypes.BudgetExceeded) => SampleAlerts.Of(type) with
    {
        Budget = text,
        Per = ["User", "ApiKey", "tenant"],
        Partition = [text, null, text],
        Model = text,
        Operation = text,
        Message = text,
        Unit = BudgetUnit.Usd,
    };

    /// <summary>Runs the rules over all of them and tells which break them.</summary>
    public static void AssertAll(Func<BudgetAlert, IReadOnlyList<string>> problems) =>
        Assert.Equal(string.Empty, string.Join('\n', All.SelectMany(one => problems(one.Alert).Select(problem => $"{one.Name}: {problem}")).Take(20)));

    private static IEnumerable<(string, BudgetAlert)> Samples() => SampleAlerts.All.Select(alert => (alert.Type, alert));

    private static IEnumerable<(string, BudgetAlert)> Hostile()
    {
        for (int i = 0; i < HostileTexts.Count; i++)
        {
            string text = HostileTexts[i];
            yield return ($"hostile {i}", With(text));
            yield return ($"hostile model {i}", With(text, AlertTypes.ModelUnpriced));
            yield return ($"hostile digest {i}", Digest(300, text));

            // A character of two halves at each place where text is cut, or not.
            yield return ($"hostile and long {i}", With(text + new string('y', 60 + i) + "😀😀" + new string('z', 3_000)));
        }

        foreach (int length in (int[])[14, 15, 16, 30, 31, 32, 62, 63, 64, 78, 79, 80, 126, 127, 128, 146, 147, 148, 149, 150, 254, 255, 256, 298, 299, 300, 998, 999, 1000, 1022, 1023, 1024, 1998, 1999, 2000])
        {
            yield return ($"emoji at {length}", With(new string('a', length) + "😀"));
        }
    }

    private static IEnumerable<(string, BudgetAlert)> Extremes()
    {
        BudgetAlert full = SampleAlerts.Of(AlertTypes.BudgetExceeded);
        foreach (string type in AlertTypes.All)
        {
            BudgetAlert sample = SampleAlerts.Of(type);
            yield return ($"bare {type}", new BudgetAlert { Id = sample.Id, Type = type, Severity = sample.Severity, At = sample.At, IncidentKey = sample.IncidentKey, Message = "m" });
        }

        yield return ("huge money", full with { Limit = decimal.MaxValue, Used = decimal.MaxValue, Utilization = decimal.MaxValue, Forecast = decimal.MaxValue, Amount = decimal.MaxValue, Expected = decimal.MaxValue });
        yield return ("negative money", full with { Limit = decimal.MinValue, Used = -0.000000001m, Utilization = -1m, Forecast = decimal.MinValue, Amount = -1m, Expected = 0m });
        yield return ("small money", full with { Limit = 0.0000000000000000000000000001m, Used = 0.000000001m, Threshold = 10m });
        yield return ("many splits", full with { Per = [.. Names(60)], Partition = [.. Names(60)] });
        yield return ("splits without names", full with { Per = [], Partition = [.. Names(3)] });
        yield return ("names that are one", full with { Per = ["ApiKey", "api_key", "api_key_2"], Partition = ["a", "b", "c"] });
        yield return ("long names that begin the same", full with { Per = [.. Names(3).Select(static name => new string('n', 400) + name)], Partition = [.. Names(3).Select(static name => name + new string('<', 9_000))], Model = new string('<', 9_000) });
        yield return ("early", full with { At = DateTimeOffset.MinValue, WindowStart = DateTimeOffset.MinValue, ResetsAt = DateTimeOffset.MaxValue });
        yield return ("elsewhere", full with { At = _now.ToOffset(TimeSpan.FromHours(14)).AddTicks(1), WindowStart = _now.ToOffset(TimeSpan.FromHours(-12)) });
        yield return ("long key", full with { IncidentKey = new string('k', 64) });
        foreach (int items in (int[])[1, 19, 20, 21, 200, 201, 5_000])
        {
            yield return ($"{items} items", Digest(items, "budget of a team: 12.5 of 50 USD"));
        }
    }

    private static IEnumerable<(string, BudgetAlert)> ByChance()
    {
        System.Random random = new(Seed);
        for (int i = 0; i < Random; i++)
        {
            yield return ($"random {i}", new RandomAlert(random).Next());
        }
    }

    private static BudgetAlert Digest(int items, string text) => SampleAlerts.Of(AlertTypes.Digest) with
    {
        Message = text,
        Items = [.. Enumerable.Range(0, items).Select(i => new AlertItem { Type = AlertTypes.BudgetExceeded, Budget = text, Count = long.MaxValue - i, Used = decimal.MaxValue, Limit = -1m, Text = text })],
    };

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(static i => "n" + i.ToString(CultureInfo.InvariantCulture));
}
