using System.Text.Json;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Responses;

/// <summary>The body of a 402 or 429, in each of the shapes: the same members, at the top level, around the shape's own error.</summary>
internal readonly struct DenialBody(Denial denial, BudgetRequest request, long? retryAfter, GuardSettings settings)
{
    private const string Error = "Budget limit exceeded";

    public long? RetryAfter { get; } = retryAfter;

    public void Write(Utf8JsonWriter json, ResponseFormat format)
    {
        json.WriteStartObject();
        switch (format)
        {
            case ResponseFormat.ProblemDetails:
                ErrorShapes.WriteProblem(json, $"urn:budgetguard:{DecisionNames.Of(denial.Kind)}", Error, GuardResponses.StatusOf(denial), Message);
                break;
            case ResponseFormat.OpenAI:
                ErrorShapes.WriteOpenAI(json, Message, "insufficient_quota", "budget_exceeded");
                break;
            case ResponseFormat.Anthropic:
                ErrorShapes.WriteAnthropic(json, denial.Kind == DecisionKind.Throttle ? "rate_limit_error" : "billing_error", Message);
                break;
            case ResponseFormat.Gemini:
                ErrorShapes.WriteGemini(json, GuardResponses.StatusOf(denial), Message, "RESOURCE_EXHAUSTED");
                break;
            default:
                json.WriteString("error", Error);
                break;
        }

        WriteMembers(json);
        json.WriteEndObject();
    }

    private string Message => denial.Reason switch
    {
        DenialReason.RequestExceedsLimit => $"Budget limit exceeded: this request alone may cost more than the whole limit of budget '{denial.Budget}'.",
        DenialReason.HeldByOthers => $"Budget limit exceeded: what budget '{denial.Budget}' has left is held by requests in flight.",
        _ => $"Budget limit exceeded: budget '{denial.Budget}' is used up.",
    };

    private void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteString("decision", DecisionNames.Of(denial.Kind));
        json.WriteString("user_id", request.Subject.User);
        json.WriteString("model", request.Model);
        if (RetryAfter is { } seconds)
        {
            json.WriteNumber("retry_after", seconds);
        }
        else
        {
            json.WriteNull("retry_after");
        }

        json.WriteString("budget", denial.Budget);
        json.WriteString("operation", request.Operation);
        if (denial.ResetsAt is { } resetsAt)
        {
            json.WriteString("resets_at", resetsAt.UtcDateTime);
        }
        else
        {
            json.WriteNull("resets_at");
        }

        if (denial.Reason == DenialReason.RequestExceedsLimit)
        {
            json.WriteString("reason", "request_exceeds_limit");
        }

        if (settings.ExposeAmounts)
        {
            WriteAmounts(json);
        }
    }

    private void WriteAmounts(Utf8JsonWriter json)
    {
        if (denial.Limit is { } limit)
        {
            json.WriteNumber("limit_usd", limit.Usd);
        }

        if (denial.Spent is { } spent)
        {
            json.WriteNumber("spent_usd", spent.Usd);
        }

        json.WriteNumber("estimated_usd", request.Estimated.Cost.Usd);
    }
}
