using System.Globalization;

namespace BudgetGuard.Configuration;

/// <summary>Checks one budget: its unit, its window, whom it applies to.</summary>
internal sealed class BudgetChecker(OptionsChecker all, string key)
{
    private static readonly string[] _units = ["Limit", "Tokens", "Requests", "Concurrency"];

    public void Check(BudgetOptions budget)
    {
        CheckUnit(budget);
        CheckWindow(budget);
        CheckTimeZone(budget);
        CheckPer(budget);
        CheckMatch(budget.Match);
        CheckOverrides(budget);
        CheckAlerts(budget);
        all.Defined(Key("Mode"), budget.Mode);
        if (budget.OnExceeded is { } action)
        {
            all.Defined(Key("OnExceeded"), action);
        }

        if (budget.OnStoreFailure is { } failure)
        {
            all.Defined(Key("OnStoreFailure"), failure);
        }
    }

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);

    private string Key(string name) => $"{key}:{name}";

    private void CheckUnit(BudgetOptions budget)
    {
        List<string> set = [];
        foreach ((string name, decimal? value) in
            new (string, decimal?)[] { ("Limit", budget.Limit), ("Tokens", budget.Tokens), ("Requests", budget.Requests), ("Concurrency", budget.Concurrency) })
        {
            if (value is { } limit)
            {
                set.Add(name);
                CheckLimit(Key(name), limit, name == "Limit");
            }
        }

        if (set.Count > 1)
        {
            all.Add(key, $"has {string.Join(" and ", set)}; expected exactly one of {string.Join(", ", _units)}");
        }
        else if (set.Count == 0 && !_units.Any(unit => all.IsBlamed(Key(unit))))
        {
            all.Add(key, $"has no limit; expected exactly one of {string.Join(", ", _units)}");
        }
    }

    private void CheckLimit(string limitKey, decimal limit, bool isUsd)
    {
        if (LimitRules.ProblemOf(limit, isUsd) is { } problem)
        {
            all.Add(limitKey, problem);
        }
    }

    private void CheckWindow(BudgetOptions budget)
    {
        if (budget.Period is { } period)
        {
            all.Defined(Key("Period"), period);
        }

        if (budget.Rolling is { } rolling)
        {
            all.Range(Key("Rolling"), rolling, TimeSpan.FromSeconds(1), TimeSpan.FromDays(366));
        }

        bool concurrency = budget.Concurrency is not null;
        if (concurrency && (budget.Rolling is not null || budget.Period is not (null or BudgetPeriod.Total)))
        {
            all.Add(key, "has Concurrency and a window; requests in flight have none, expected neither Period nor Rolling");
        }
        else if (budget.Period is not null && budget.Rolling is not null)
        {
            all.Add(key, "has Period and Rolling; expected exactly one of them");
        }
        else if (!concurrency && budget.Period is null && budget.Rolling is null
            && !all.IsBlamed(Key("Period")) && !all.IsBlamed(Key("Rolling")) && !all.IsBlamed(Key("Concurrency")))
        {
            all.Add(key, "has no window; expected exactly one of Period and Rolling (Period 'Total' for a budget that never starts anew)");
        }
    }

    private void CheckTimeZone(BudgetOptions budget)
    {
        if (budget.TimeZone is null)
        {
            return;
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(budget.TimeZone, out _))
        {
            all.Add(
                Key("TimeZone"),
                $"{ProblemList.Show(budget.TimeZone)} is no time zone known here; expected a name such as 'Europe/Berlin' (a small container may lack tzdata)");
        }
        else if (budget.Period is null && !all.IsBlamed(Key("Period")))
        {
            all.Add(Key("TimeZone"), "has no meaning without Period; expected it only there");
        }
    }

    private void CheckPer(BudgetOptions budget)
    {
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (string name in all.Texts(Key("Per"), budget.Per))
        {
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
            {
                all.Add(Key("Per"), $"{ProblemList.Show(name)} is no dimension; expected User, Team, ApiKey, Model, Operation or the name of a tag");
            }

            if (!seen.Add(name))
            {
                all.Add(Key("Per"), $"{ProblemList.Show(name)} is there twice; expected each dimension once");
            }
        }
    }

    private void CheckMatch(BudgetMatch? match)
    {
        if (match is null)
        {
            all.Add(Key("Match"), "is null; expected an object, empty to match all");
            return;
        }

        all.Texts(Key("Match:Users"), match.Users);
        all.Texts(Key("Match:Teams"), match.Teams);
        all.Texts(Key("Match:Models"), match.Models);
        all.Texts(Key("Match:Operations"), match.Operations);
    }

    private void CheckOverrides(BudgetOptions budget)
    {
        if (budget.Overrides is null)
        {
            all.Add(Key("Overrides"), "is null; expected a list, empty for none");
            return;
        }

        HashSet<(string?, string?, string?, string?, string?)> seen = [];
        for (int i = 0; i < budget.Overrides.Count; i++)
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{Key("Overrides")}:{i}");
            BudgetOverride? one = budget.Overrides[i];
            if (one is null)
            {
                all.Add(at, "is null; expected an override");
                continue;
            }

            CheckOverride(at, one, budget.Limit is not null || budget is { Tokens: null, Requests: null, Concurrency: null });
            if (!seen.Add((one.User, one.Team, one.ApiKey, one.Model?.ToUpperInvariant(), one.Operation)))
            {
                all.Add(at, "is for the same as an override before it, which counts; expected different ones");
            }
        }
    }

    private void CheckOverride(string at, BudgetOverride one, bool isUsd)
    {
        (string Name, string? Value)[] selectors =
            [("User", one.User), ("Team", one.Team), ("ApiKey", one.ApiKey), ("Model", one.Model), ("Operation", one.Operation)];
        foreach ((string name, _) in selectors.Where(selector => selector.Value is not null && string.IsNullOrWhiteSpace(selector.Value)))
        {
            all.Add($"{at}:{name}", "is empty; expected whom or what the limit is for");
        }

        if (selectors.All(selector => selector.Value is null && !all.IsBlamed($"{at}:{selector.Name}")))
        {
            all.Add(at, "is for nobody; expected at least one of User, Team, ApiKey, Model, Operation");
        }

        if (one.Limit is { } limit)
        {
            CheckLimit($"{at}:Limit", limit, isUsd);
        }
        else if (!all.IsBlamed($"{at}:Limit"))
        {
            all.Add(at, "has no limit; expected Limit, in the unit of its budget");
        }
    }

    private void CheckAlerts(BudgetOptions budget)
    {
        if (budget.ForecastAt is < 0 or > 10)
        {
            all.Add(Key("ForecastAt"), $"'{Text(budget.ForecastAt)}' is out of range; expected a share of the limit up to 10, for example 1.0, or 0 for never");
        }

        if (budget.SpikeFactor is not 0 and (< 1.5m or > 1_000_000))
        {
            all.Add(Key("SpikeFactor"), $"'{Text(budget.SpikeFactor)}' is out of range; expected 1.5 to 1000000, or 0 for never");
        }

        if (budget.AlertAt is null)
        {
            all.Add(Key("AlertAt"), "is null; expected a list, empty for none");
            return;
        }

        foreach (decimal share in budget.AlertAt.Where(share => share is <= 0 or > 10))
        {
            all.Add(Key("AlertAt"), $"'{Text(share)}' is out of range; expected shares of the limit above 0 and up to 10, for example 0.8");
        }

        if (budget.AlertAt.Distinct().Count() != budget.AlertAt.Count)
        {
            all.Add(Key("AlertAt"), "has a share twice; expected different ones");
        }
    }
}
