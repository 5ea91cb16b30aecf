namespace BudgetGuard.Metering;

/// <summary>What was read of a stream that was not settled at what it told.</summary>
/// <param name="Usage">What it told last; null if it told nothing.</param>
/// <param name="Written">What the model wrote in it.</param>
/// <param name="WrittenSince">The part of that which came after the usage, so that the usage cannot have counted it.</param>
/// <param name="MayBeMore">True if more may have been generated than was counted: it came to its end without telling, or could not be read to its end.</param>
internal readonly record struct StreamReading(TokenUsage? Usage, GeneratedText Written, GeneratedText WrittenSince, bool MayBeMore);
