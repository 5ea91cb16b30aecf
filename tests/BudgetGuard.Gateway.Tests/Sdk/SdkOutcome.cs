namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>What a program sees that calls a model through an SDK.</summary>
/// <param name="Text">What the model wrote, as far as it came.</param>
/// <param name="Error">The SDK's own type of error; null if it raised none.</param>
/// <param name="Status">The status in the error.</param>
/// <param name="Code">What tells programs that it was a budget.</param>
/// <param name="Message">The error's text.</param>
/// <param name="OutputTokens">What the SDK says the model wrote.</param>
public sealed record SdkOutcome(string Text, string? Error = null, int? Status = null, string? Code = null, string? Message = null, long? OutputTokens = null);
