using BudgetGuard.Configuration;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Answers what is asked of budgets and accounts.</summary>
internal sealed class AccountApi(SettingsSource settings, AccountAddress address, ICostTracker tracker, TimeProvider time)
{
    public const int StandardAccounts = 100;
    public const int MostAccounts = 1_000;

    /// <summary>Null where the tracker cannot be administered.</summary>
    private readonly IBudgetLedger? _ledger = tracker as IBudgetLedger;

    public Task ListBudgetsAsync(HttpContext context)
    {
        new ApiQuery(context).Check();
        BudgetRow[] rows = [.. settings.Current.Budgets.Select(Row)];
        return ApiAnswer.WriteAsync(context, rows, AdministrationJson.Default.BudgetRowArray);
    }

    public async Task ListAccountsAsync(HttpContext context)
    {
        var query = new ApiQuery(context, "budget", "limit");
        BudgetRule rule = address.Budget(query.Required("budget"));
        query.Know(rule.Terms.Per.Select(ApiNames.OfDimension));
        query.Check();
        int most = query.Count("limit", StandardAccounts, MostAccounts);
        var wanted = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (string dimension in rule.Terms.Per)
        {
            string name = ApiNames.OfDimension(dimension);
            if (query.Text(name) is { } value)
            {
                wanted[name] = value;
            }
        }

        AccountRow[] rows = wanted.Count == rule.Terms.Per.Length
            ? [await ReadAsync(address.Account(rule, wanted), context)]
            : await ListAsync(rule, wanted, most, context);
        await ApiAnswer.WriteAsync(context, rows, AdministrationJson.Default.AccountRowArray);
    }

    public async Task<AccountRow> ReadAsync(Account account, HttpContext context) =>
        AccountAddress.Row(account, await WaitAsync(tracker.ReadAsync(account, context.RequestAborted), context));

    private async Task<AccountRow[]> ListAsync(BudgetRule rule, Dictionary<string, string?> wanted, int most, HttpContext context)
    {
        var values = new (bool IsWanted, string? Value)[rule.Per.Length];
        for (int i = 0; i < values.Length; i++)
        {
            string name = ApiNames.OfDimension(rule.Terms.Per[i]);
            values[i] = wanted.TryGetValue(name, out string? value) ? (true, address.Value(rule.Per[i], name, value)) : default;
        }

        var any = new Account(rule.Terms, [], rule.Limit);
        IReadOnlyList<AccountReading> found = await WaitAsync(
            Ledger().ListAsync(any, key => IsWanted(key, values), most, context.RequestAborted), context);
        return [.. found.Select(static reading => AccountAddress.Row(reading.Account, reading.State))];
    }

    private IBudgetLedger Ledger() => _ledger ?? throw new ApiProblemException(
        StatusCodes.Status501NotImplemented, "not_supported", "The store in use cannot list, top up or reset accounts.");

    private static bool IsWanted(in AccountKey key, (bool IsWanted, string? Value)[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i].IsWanted && (key.Partition.Length <= i || !string.Equals(key.Partition[i], values[i].Value, StringComparison.Ordinal)))
            {
                return false;
            }
        }

        return true;
    }

    private async Task<T> WaitAsync<T>(ValueTask<T> call, HttpContext context)
    {
        try
        {
            return await call.AsTask().WaitAsync(settings.Current.StoreTimeout, time, context.RequestAborted);
        }
        catch (Exception failure) when (failure is not (ArgumentException or InvalidOperationException) && !context.RequestAborted.IsCancellationRequested)
        {
            throw new BudgetGuardUnavailableException("The store of the budgets does not answer.", failure);
        }
    }

    private static BudgetRow Row(BudgetRule rule) => new(
        rule.Terms.Name,
        ApiNames.Of(rule.Terms.Unit),
        AccountAddress.InUnit(rule.Terms.Unit, rule.Limit),
        ApiNames.Of(rule.Terms.Window),
        [.. rule.Terms.Per.Select(ApiNames.OfDimension)],
        ApiNames.Of(rule.Terms.OnExceeded),
        rule.IsShadow ? "shadow" : "enforce");
}
