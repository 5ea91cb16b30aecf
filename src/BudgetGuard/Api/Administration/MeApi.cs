using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Tells callers of their own accounts: whose they are is found out as for a request that is guarded, and cannot be asked for.</summary>
internal sealed class MeApi(RequestIdentifier identifier, AccountApi accounts)
{
    public async Task ReadAsync(HttpContext context)
    {
        new ApiQuery(context).Check();
        GuardedRequest caller = await identifier.IdentifyAsync(context, null, null);
        await ApiAnswer.WriteAsync(context, await accounts.OfAsync(caller.Subject, context), AdministrationJson.Default.AccountRowArray);
    }
}
