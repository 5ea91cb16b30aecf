using BudgetGuard.Load;

// The peers of the gateway in a measurement, which tests/BudgetGuard.Load/gateway.sh starts; and a storm of alerts.
switch (args)
{
    case ["provider", var url]:
        await Provider.RunAsync(url);
        return 0;
    case ["yarp", var url, var upstream]:
        await BareYarp.RunAsync(url, upstream);
        return 0;
    case ["first-byte", var count, .. var proxies]:
        await FirstByte.MeasureAsync(int.Parse(count, System.Globalization.CultureInfo.InvariantCulture), proxies);
        return 0;
    case ["alert-storm", var rounds, var perSecond]:
        await AlertStorm.MeasureAsync(
            int.Parse(rounds, System.Globalization.CultureInfo.InvariantCulture), int.Parse(perSecond, System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    default:
        Console.Error.WriteLine("usage: provider <url> | yarp <url> <upstream> | first-byte <count> <proxy>... | alert-storm <rounds> <requests per second, or 0>");
        return 2;
}
