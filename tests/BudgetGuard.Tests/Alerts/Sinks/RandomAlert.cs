using System.Text;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Alerts with anything in them that their types allow.</summary>
internal sealed class RandomAlert(Random random)
{
    private static readonly string[] _names = ["User", "Team", "ApiKey", "Model", "Operation", "api_key", "tenant", "region.eu", "x-y"];

    public BudgetAlert Next()
    {
        string type = AlertTypes.All[random.Next(AlertTypes.All.Count)];
        string[] per = [.. _names.OrderBy(_ => random.Next()).Take(random.Next(7))];
        return new BudgetAlert
        {
            Id = NewId(),
            Type = type,
            Severity = (AlertSeverity)random.Next(3),
            At = Time(),
            IncidentKey = new string('k', random.Next(1, 65)),
            Message = Text(),
            Budget = Maybe(Text),
            Unit = random.Next(3) == 0 ? null : (BudgetUnit)random.Next(4),
            Per = random.Next(5) == 0 ? [] : per,
            Partition = [.. per.Select(_ => Maybe(Text))],
            WindowStart = random.Next(2) == 0 ? null : Time(),
            ResetsAt = random.Next(2) == 0 ? null : Time(),
            Threshold = random.Next(2) == 0 ? null : (decimal)random.Next(1, 1001) / 100,
            Limit = Amount(),
            Used = Amount(),
            Utilization = Amount(),
            Forecast = Amount(),
            Amount = Amount(),
            Expected = Amount(),
            Model = Maybe(Text),
            Operation = Maybe(Text),
            Recovers = type == AlertTypes.Recovered && random.Next(4) > 0 ? AlertTypes.All[random.Next(AlertTypes.All.Count)] : null,
            Items = [.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(60) : 0).Select(_ => Item())],
        };
    }

    private AlertItem Item() => new()
    {
        Type = Maybe(() => AlertTypes.All[random.Next(AlertTypes.All.Count)]),
        Budget = Maybe(Text),
        Count = random.NextInt64(),
        Used = Amount(),
        Limit = Amount(),
        Text = Text(),
    };

    private Guid NewId()
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private DateTimeOffset Time() => new(random.NextInt64(DateTimeOffset.MinValue.AddDays(1).Ticks, DateTimeOffset.MaxValue.AddDays(-1).Ticks) / 600_000_000 * 600_000_000, TimeSpan.FromMinutes(random.Next(-720, 840)));

    private decimal? Amount() => random.Next(3) == 0 ? null : new decimal(random.Next(), random.Next(), random.Next(4) == 0 ? random.Next() : 0, random.Next(2) == 0, (byte)random.Next(29));

    private string? Maybe(Func<string> text) => random.Next(3) == 0 ? null : text();

    /// <summary>Mostly short, of characters that mean something somewhere, halves of others, and any.</summary>
    private string Text()
    {
        const string Meaning = "<>&@#*_~`|[]()\\!+-:\"'{}$%^=/ \n\r\t\0\u001b\u007f\u0085\u2028\u202E\u200F\u200D\uFFFE\uFEFF";
        int length = random.Next(10) switch { 0 => 0, 1 => random.Next(3_000), 2 => random.Next(400), _ => random.Next(30) };
        StringBuilder text = new();
        while (text.Length < length)
        {
            text.Append(random.Next(6) switch
            {
                0 => Meaning[random.Next(Meaning.Length)].ToString(),
                1 => ((char)random.Next(0x10000)).ToString(),
                2 => char.ConvertFromUtf32(random.Next(0x1F300, 0x1FAFF)),
                _ => ((char)random.Next(' ', 0x7F)).ToString(),
            });
        }

        return text.ToString();
    }
}
