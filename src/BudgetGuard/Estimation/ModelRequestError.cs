namespace BudgetGuard.Estimation;

/// <summary>Why a body of a model API is refused: it has no reading, or more than one.</summary>
internal sealed class ModelRequestError(int status, string code, string message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string Message { get; } = message;

    public static ModelRequestError Invalid(string message) => new(400, "invalid_request", message);
}
