using BudgetGuard.Load;

// The peers of the gateway in a measurement, which tests/BudgetGuard.Load/gateway.sh starts; a storm of alerts; and the stores.
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
    case ["disk", var file, .. var callers]:
        await DiskStore.MeasureAsync(file, callers.Select(static count => int.Parse(count, System.Globalization.CultureInfo.InvariantCulture)));
        return 0;
    case ["disk-accounts", var file, var accounts]:
        await DiskStore.MeasureAccountsAsync(file, int.Parse(accounts, System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case ["redis", var address, .. var callers]:
        await RedisStore.MeasureAsync(address, callers.Select(static count => int.Parse(count, System.Globalization.CultureInfo.InvariantCulture)));
        return 0;
    case ["redis-leases", var address]:
        await RedisStore.MeasureLeasesAsync(address);
        return 0;
    case ["redis-race", var address, var tree, var limit, var borrows]:
        await RedisRace.RunAsync(address, tree, long.Parse(limit, System.Globalization.CultureInfo.InvariantCulture), bool.Parse(borrows));
        return 0;
    default:
        Console.Error.WriteLine("usage: provider <url> | yarp <url> <upstream> | first-byte <count> <proxy>... | alert-storm <rounds> <requests per second, or 0>"
            + " | disk <file> <callers>... | disk-accounts <file> <count> | redis <address> <callers>... | redis-leases <address>"
            + " | redis-race <address> <tree> <limit> <borrows>");
        return 2;
}
