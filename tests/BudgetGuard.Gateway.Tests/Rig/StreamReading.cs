namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>What a client got of an answer.</summary>
/// <param name="Status">The status; 0 if none came.</param>
/// <param name="Bytes">The bytes, inflated.</param>
/// <param name="Failure">How the answer broke off; null if it ended, or if the client left.</param>
/// <param name="HasLeft">True if the client left before the end.</param>
internal sealed record StreamReading(int Status, byte[] Bytes, Exception? Failure, bool HasLeft);
