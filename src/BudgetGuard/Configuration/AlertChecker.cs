namespace BudgetGuard.Configuration;

/// <summary>Checks what every sink has. What only one type has is checked by its factory, once the app's services are there.</summary>
internal sealed class AlertChecker(OptionsChecker checker)
{
    public void Check(AlertOptions? options)
    {
        if (options is null)
        {
            checker.Add("Alerts", "is null; expected options");
            return;
        }

        checker.Range("Alerts:DrainTimeout", options.DrainTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        if (options.TimeZone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(options.TimeZone, out _))
        {
            checker.Add("Alerts:TimeZone", $"{ProblemList.Show(options.TimeZone)} is no time zone of this machine; expected a name such as 'Europe/Berlin'");
        }

        if (options.Sinks is null)
        {
            checker.Add("Alerts:Sinks", "is null; expected sinks by name");
            return;
        }

        foreach ((string name, AlertSinkOptions? sink) in options.Sinks)
        {
            string key = "Alerts:Sinks:" + name;
            if (name.Length is 0 or > 64 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            {
                checker.Add(key, $"{ProblemList.Show(name)} is no name of a sink; expected 1 to 64 letters (a to z), digits, '_' and '-'");
            }

            if (sink is null)
            {
                checker.Add(key, "is null; expected a sink");
            }
            else
            {
                CheckSink(key, sink);
            }
        }
    }

    private void CheckSink(string key, AlertSinkOptions sink)
    {
        checker.Defined(key + ":MinSeverity", sink.MinSeverity);
        checker.Texts(key + ":Budgets", sink.Budgets);
        checker.Texts(key + ":To", sink.To);
        foreach (string type in checker.Texts(key + ":Types", sink.Types).Where(static type => !AlertTypes.All.Contains(type)))
        {
            checker.Add(
                key + ":Types",
                $"{ProblemList.Show(type)} is no type of alert{NearestName.Hint(NearestName.Of(type, AlertTypes.All))}; expected some of {string.Join(", ", AlertTypes.All)}");
        }

        checker.Range(key + ":MaxPerMinute", sink.MaxPerMinute, 1, 10_000);
        checker.Range(key + ":Timeout", sink.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        checker.Range(key + ":Retries", sink.Retries, 0, 10);
        if (sink.DigestEvery is { } every)
        {
            checker.Range(key + ":DigestEvery", every, TimeSpan.FromMinutes(1), TimeSpan.FromDays(7));
        }

        foreach ((string name, string? value, string? file) in sink.SecretFiles())
        {
            if (file is null)
            {
                continue;
            }

            if (value is not null)
            {
                checker.Add($"{key}:{name}File", $"{name} is set as well; expected one of them");
            }
            else if (SecretFile.Read(file, out string? problem) is null)
            {
                checker.Add($"{key}:{name}File", $"{ProblemList.Show(file)} {problem}");
            }
        }
    }
}
