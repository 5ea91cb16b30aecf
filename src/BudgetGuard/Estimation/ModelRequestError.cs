namespace BudgetGuard.Estimation;

/// <summary>Why a body of a model API is refused: it has no reading, or more than one.</summary>
internal sealed class ModelRequestError(int status, string code, string message)
{
    /// <summary>The client left before its request was whole: nobody reads this answer.</summary>
    public static ModelRequestError ClientLeft { get; } = new(499, "client_closed_request", "The client left.");

    public static ModelRequestError NoJson { get; } = new(400, "invalid_json", "The body is not valid JSON.");

    /// <summary>A WebSocket or another way out of HTTP, on a path that is metered: nothing that passes there could be.</summary>
    public static ModelRequestError Upgrade { get; } = new(400, "upgrade_refused", "This path is metered, and an upgraded connection cannot be.");

    public int Status { get; } = status;

    public string Code { get; } = code;

    public string Message { get; } = message;

    public static ModelRequestError Invalid(string message) => new(400, "invalid_request", message);
}
