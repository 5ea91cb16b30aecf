namespace BudgetGuard.Gateway.Callers;

/// <summary>Whom the key of a request stands for.</summary>
/// <param name="KeyId">Tells keys apart in budgets and logs without being one.</param>
/// <param name="Subject">Who pays.</param>
internal sealed record Caller(string KeyId, BudgetSubject Subject);
