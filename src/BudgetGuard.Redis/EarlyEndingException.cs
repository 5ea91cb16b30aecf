namespace BudgetGuard.Redis;

/// <summary>What corrects the end of something came before that end, which is still on its way: it is told again, after what else there is to tell.</summary>
internal sealed class EarlyEndingException() : Exception("What was borrowed is not told yet.");
