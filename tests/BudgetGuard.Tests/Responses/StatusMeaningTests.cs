using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BudgetGuard.Tests.Responses;

/// <summary>Every answer of the guard itself keeps the contract, whatever brought it about, and no status means two things.</summary>
public sealed class StatusMeaningTests
{
    private static readonly string[] DecisionMembers = ["decision", "user_id", "model", "retry_after", "budget", "operation", "resets_at"];

    public static TheoryData<Cause, ResponseFormat> EveryAnswer()
    {
        TheoryData<Cause, ResponseFormat> all = [];
        foreach (Cause cause in Enum.GetValues<Cause>())
        {
            foreach (ResponseFormat format in Enum.GetValues<ResponseFormat>())
            {
                all.Add(cause, format);
            }
        }

        return all;
    }

    [Theory]
    [InlineData(Cause.Throttled, 429, "throttle", null)]
    [InlineData(Cause.Held, 429, "throttle", null)]
    [InlineData(Cause.Rejected, 402, "reject", null)]
    [InlineData(Cause.ExceedsLimit, 402, "reject", "request_exceeds_limit")]
    [InlineData(Cause.Down, 503, null, "unavailable")]
    [InlineData(Cause.Malformed, 400, null, "invalid_json")]
    [InlineData(Cause.TwoUsers, 400, null, "invalid_request")]
    [InlineData(Cause.Unpriced, 400, null, "invalid_request")]
    [InlineData(Cause.Charset, 415, null, "unsupported_encoding")]
    [InlineData(Cause.TooLarge, 413, null, "body_too_large")]
    public async Task T239_Status_tells_the_cause(Cause cause, int status, string? decision, string? reason)
    {
        Told told = await Refusal.MeetAsync(cause);
        Assert.Equal((status, decision, reason), (told.Status, (string?)told.Json["decision"], (string?)told.Json["reason"]));
    }

    [Theory]
    [MemberData(nameof(EveryAnswer))]
    public async Task T238_Every_answer_keeps_the_contract(Cause cause, ResponseFormat format)
    {
        Told told = await Refusal.MeetAsync(cause, format, exposeAmounts: true);
        JsonObject json = told.Json;
        bool isDenial = Refusal.Denials.Contains(cause);
        Assert.All(DecisionMembers, member => Assert.Equal(isDenial || (member == "retry_after" && cause == Cause.Down), json.ContainsKey(member)));
        Assert.Equal(isDenial, json.ContainsKey("estimated_usd"));
        AssertRetry(told);
        AssertShape(json, format, told.Status);
        Assert.Equal(told.Status == 402 ? "false" : null, told["x-should-retry"]);
        Assert.Equal("no-store", told["Cache-Control"]);
        Assert.Equal(format == ResponseFormat.ProblemDetails ? "application/problem+json" : "application/json", told["Content-Type"]);

        // No stack, no secret, nothing of others.
        Assert.All(["hush", "Store.Hold", "   at ", "Exception", "bob"], secret => Assert.DoesNotContain(secret, told.Body, StringComparison.Ordinal));
        Assert.Equal((null, null), (told["X-BudgetGuard-Budget"], told["X-BudgetGuard-Remaining"]));
        if (isDenial)
        {
            AssertMembers(json, cause);
        }
    }

    private static void AssertRetry(Told told)
    {
        Assert.Equal(told.Status is 429 or 503, told.RetryAfter is not null);
        Assert.Equal(told.RetryAfter, (int?)told.Json["retry_after"]);
        Assert.True(told.RetryAfter is null or >= 1);
    }

    private static void AssertMembers(JsonObject json, Cause cause)
    {
        Assert.Equal(("alice", "chat_completion"), ((string?)json["user_id"], (string?)json["operation"]));
        Assert.Equal(cause == Cause.Throttled ? "burst" : "daily", (string?)json["budget"]);
        Assert.Equal(cause == Cause.ExceedsLimit ? "exp" : "cheap", (string?)json["model"]);
        Assert.Equal(JsonValueKind.String, json["resets_at"]!.GetValueKind());
        Assert.Equal("2026-06-1", ((string?)json["resets_at"])![..9]);
        Assert.EndsWith("Z", (string?)json["resets_at"], StringComparison.Ordinal);
        Assert.True(DateTimeOffset.TryParse((string?)json["resets_at"], CultureInfo.InvariantCulture, out _));
        Assert.All(["limit_usd", "spent_usd", "estimated_usd"], amount => Assert.Equal(JsonValueKind.Number, json[amount]!.GetValueKind()));
    }

    private static void AssertShape(JsonObject json, ResponseFormat format, int status)
    {
        switch (format)
        {
            case ResponseFormat.ProblemDetails:
                Assert.Matches("^urn:budgetguard:[a-z_]+$", (string?)json["type"]);
                Assert.Equal(status, (int)json["status"]!);
                Assert.NotEmpty((string)json["title"]!);
                Assert.NotEmpty((string)json["detail"]!);
                break;
            case ResponseFormat.OpenAI:
                Assert.Equal(["message", "type", "param", "code"], json["error"]!.AsObject().Select(member => member.Key));
                break;
            case ResponseFormat.Anthropic:
                Assert.Equal("error", (string?)json["type"]);
                Assert.Equal(["type", "message"], json["error"]!.AsObject().Select(member => member.Key));
                break;
            case ResponseFormat.Gemini:
                Assert.Equal(["code", "message", "status"], json["error"]!.AsObject().Select(member => member.Key));
                Assert.Equal(status, (int)json["error"]!["code"]!);
                Assert.Matches("^[A-Z_]+$", (string?)json["error"]!["status"]);
                break;
            default:
                Assert.Equal(JsonValueKind.String, json["error"]!.GetValueKind());
                break;
        }
    }
}
