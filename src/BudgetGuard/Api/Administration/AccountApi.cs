using BudgetGuard.Configuration;
using BudgetGuard.Policy;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Answers what is asked of budgets and accounts.</summary>
internal sealed class AccountApi(SettingsSource settings, AccountAddress address, ICostTracker tracker, ApiAudit audit, TimeProvider time)
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

    public async Task TopUpAsync(HttpContext context)
    {
        new ApiQuery(context).Check();
        TopUpRequest request = await ApiAnswer.ReadAsync(context, AdministrationJson.Default.TopUpRequest);
        BudgetRule rule = address.Budget(request.Budget);
        Account account = address.Account(rule, request.Partition ?? []);
        bool isUsd = rule.Terms.Unit == BudgetUnit.Usd;
        if (request.Amount == 0 || LimitRules.ProblemOf(request.Amount, isUsd) is not null)
        {
            throw ApiProblemException.Invalid($"'amount': {LimitRules.ProblemOf(request.Amount, isUsd) ?? "'0' changes nothing; expected more"}.");
        }

        DateTimeOffset? until = request.Until is null ? null
            : ApiTime.TryParse(request.Until, out DateTimeOffset end) ? end
            : throw ApiProblemException.Invalid("'until' is no time; expected RFC 3339, as 2026-06-10T12:00:00Z.");
        long amount = isUsd ? Money.FromUsd(request.Amount).Nanos : (long)request.Amount;
        AccountState state = await ChangeAsync(() => Ledger().TopUpAsync(account, amount, until, context.RequestAborted), context);
        AccountRow row = AccountAddress.Row(account, state);
        audit.ToppedUp(context, row.Budget, Shown(row), row.Limit - request.Amount, row.Limit, until);
        await ApiAnswer.WriteAsync(context, row, AdministrationJson.Default.AccountRow);
    }

    public async Task ResetAsync(HttpContext context)
    {
        new ApiQuery(context).Check();
        ResetRequest request = await ApiAnswer.ReadAsync(context, AdministrationJson.Default.ResetRequest);
        BudgetRule rule = address.Budget(request.Budget);
        Account account = address.Account(rule, request.Partition ?? []);
        AccountRow before = await ReadAsync(account, context);
        AccountState state = await ChangeAsync(() => Ledger().ResetAsync(account, context.RequestAborted), context);
        AccountRow row = AccountAddress.Row(account, state);
        audit.Reset(context, row.Budget, Shown(row), before.Limit - before.Available);
        await ApiAnswer.WriteAsync(context, row, AdministrationJson.Default.AccountRow);
    }

    /// <summary>The accounts of a subject that are nobody else's: of budgets that are split by user or by key.</summary>
    public async Task<AccountRow[]> OfAsync(BudgetSubject subject, HttpContext context)
    {
        List<AccountRow> rows = [];
        foreach (BudgetRule rule in settings.Current.Budgets)
        {
            if (!BudgetMatcher.AppliesTo(rule, subject) || KnownOf(rule, subject) is not { } known)
            {
                continue;
            }

            if (known.Count == rule.Per.Length)
            {
                rows.Add(await ReadAsync(address.Account(rule, known), context));
            }
            else if (_ledger is not null)
            {
                rows.AddRange(await ListAsync(rule, known, StandardAccounts, context));
            }
        }

        return [.. rows];
    }

    public async Task<AccountRow> ReadAsync(Account account, HttpContext context) => AccountAddress.Row(account, await ReadStateAsync(account, context));

    public Task<AccountState> ReadStateAsync(Account account, HttpContext context) => WaitAsync(() => tracker.ReadAsync(account, context.RequestAborted), context);

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
            () => Ledger().ListAsync(any, key => IsWanted(key, values), most, context.RequestAborted), context);
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

    /// <summary>What a subject says of a budget's dimensions; null where that does not make the account its own.</summary>
    private static Dictionary<string, string?>? KnownOf(BudgetRule rule, BudgetSubject subject)
    {
        var known = new Dictionary<string, string?>(StringComparer.Ordinal);
        bool isOwn = false;
        for (int i = 0; i < rule.Per.Length; i++)
        {
            string name = ApiNames.OfDimension(rule.Terms.Per[i]);
            switch (rule.Per[i].Kind)
            {
                case DimensionKind.User:
                    known[name] = subject.User;
                    isOwn = true;
                    break;
                case DimensionKind.Team:
                    known[name] = subject.Team;
                    break;
                case DimensionKind.ApiKey:
                    known[name] = subject.ApiKeyId;
                    isOwn |= subject.ApiKeyId is not null;
                    break;
            }
        }

        return isOwn ? known : null;
    }

    private async Task<AccountState> ChangeAsync(Func<ValueTask<AccountState>> call, HttpContext context)
    {
        try
        {
            return await WaitAsync(call, context);
        }
        catch (ArgumentException refused)
        {
            throw ApiProblemException.Invalid(refused.ParamName is { } name ? refused.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : refused.Message);
        }
        catch (InvalidOperationException refused)
        {
            throw ApiProblemException.Conflict(refused.Message);
        }
    }

    private static string Shown(AccountRow row) =>
        row.Partition.Count == 0 ? "all" : string.Join(", ", row.Partition.Select(static pair => $"{pair.Key} {pair.Value ?? "none"}"));

    private async Task<T> WaitAsync<T>(Func<ValueTask<T>> call, HttpContext context)
    {
        try
        {
            return await call().AsTask().WaitAsync(settings.Current.StoreTimeout, time, context.RequestAborted);
        }
        catch (Exception failure) when (failure is not (ArgumentException or InvalidOperationException or ApiProblemException) && !context.RequestAborted.IsCancellationRequested)
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
