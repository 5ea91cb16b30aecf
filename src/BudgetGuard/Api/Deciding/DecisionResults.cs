global using DecisionResult = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<BudgetGuard.Api.Deciding.AllowedAnswer>,
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<BudgetGuard.Api.Deciding.DeniedAnswer>,
    BudgetGuard.Api.Deciding.Problem>;
using System.Buffers;
using System.Text.Json;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Responses;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace BudgetGuard.Api.Deciding;

/// <summary>Puts decisions into words.</summary>
internal sealed class DecisionResults(GuardResponses responses, SettingsSource settings)
{
    public static DecisionResult Allowed(string id, in DecidedTelling telling, bool isDegraded) => TypedResults.Json(
        new AllowedAnswer
        {
            HoldId = id,
            EstimatedCost = telling.Estimated.Usd,
            ExpiresAt = telling.ExpiresAt.UtcDateTime,
            Budget = telling.Budget,
            Remaining = telling.Remaining?.Usd,
            Degraded = isDegraded ? true : null,
        },
        DecisionJson.Default.AllowedAnswer);

    /// <summary>What the middleware would answer itself, for somebody else to send.</summary>
    public DecisionResult Denied(BudgetRequest request, Denial denial)
    {
        ResponseFormat format = settings.Current.ResponseFormat;
        DenialBody body = responses.BodyOf(request, denial);
        (string name, string value) = GuardResponses.RetryHeader(body);
        return TypedResults.Json(
            new DeniedAnswer
            {
                Decision = DecisionNames.Of(denial.Kind),
                Status = GuardResponses.StatusOf(denial),
                RetryAfter = body.RetryAfter,
                Headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
                {
                    [HeaderNames.ContentType] = GuardResponses.ContentTypeOf(format),
                    [HeaderNames.CacheControl] = "no-store",
                    [name] = value,
                },
                Body = Written(body, format),
            },
            DecisionJson.Default.DeniedAnswer);
    }

    private static JsonElement Written(in DenialBody body, ResponseFormat format)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            body.Write(json, format);
        }

        using JsonDocument document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }
}
