namespace BudgetGuard.Estimation;

/// <summary>What is read of a body at a time, and what is found in it.</summary>
internal interface IBodyWindow : IDisposable
{
    /// <summary>Where the next bytes of the body go; never empty.</summary>
    Memory<byte> Free { get; }

    /// <summary>Reads what was written to <see cref="Free"/>; nothing means that the body is at its end.</summary>
    ModelRequestError? Take(int count);

    ModelRequest Finish();
}
