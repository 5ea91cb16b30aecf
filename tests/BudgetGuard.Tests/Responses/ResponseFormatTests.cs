namespace BudgetGuard.Tests.Responses;

/// <summary>Each shape of a denial, of a refusal and of a failure: its own error, and the same members at the top level beside it.</summary>
public sealed class ResponseFormatTests
{
    private const string Members = """
        "decision":"reject","user_id":"alice","model":"cheap","retry_after":null,"budget":"daily","operation":"chat_completion","resets_at":"2026-06-11T00:00:00Z"
        """;

    private const string ThrottleMembers = """
        "decision":"throttle","user_id":"alice","model":"cheap","retry_after":60,"budget":"burst","operation":"chat_completion","resets_at":"2026-06-10T12:01:00Z"
        """;

    private const string UsedUp = "Budget limit exceeded: budget 'daily' is used up.";

    [Theory]
    [InlineData(ResponseFormat.BudgetGuard, "application/json", """{"error":"Budget limit exceeded",""")]
    [InlineData(
        ResponseFormat.ProblemDetails,
        "application/problem+json",
        $$"""{"type":"urn:budgetguard:reject","title":"Budget limit exceeded","status":402,"detail":"{{UsedUp}}",""")]
    [InlineData(
        ResponseFormat.OpenAI,
        "application/json",
        $$"""{"error":{"message":"{{UsedUp}}","type":"insufficient_quota","param":null,"code":"budget_exceeded"},""")]
    [InlineData(ResponseFormat.Anthropic, "application/json", $$"""{"type":"error","error":{"type":"billing_error","message":"{{UsedUp}}"},""")]
    [InlineData(
        ResponseFormat.Gemini, "application/json", $$"""{"error":{"code":402,"message":"{{UsedUp}}","status":"RESOURCE_EXHAUSTED"},""")]
    public async Task Reject_has_the_shape_and_the_members_of_every_denial(ResponseFormat format, string contentType, string error)
    {
        Told told = await Refusal.MeetAsync(Cause.Rejected, format);
        Assert.Equal((402, contentType, "false", null), (told.Status, told["Content-Type"], told["x-should-retry"], told["Retry-After"]));
        Assert.Equal(error + Members + "}", told.Shown);
    }

    [Theory]
    [InlineData(ResponseFormat.BudgetGuard, "application/json", """{"error":"Budget limit exceeded",""")]
    [InlineData(
        ResponseFormat.ProblemDetails,
        "application/problem+json",
        """{"type":"urn:budgetguard:throttle","title":"Budget limit exceeded","status":429,"detail":"Budget limit exceeded: budget 'burst' is used up.",""")]
    [InlineData(
        ResponseFormat.OpenAI,
        "application/json",
        """{"error":{"message":"Budget limit exceeded: budget 'burst' is used up.","type":"insufficient_quota","param":null,"code":"budget_exceeded"},""")]
    [InlineData(
        ResponseFormat.Anthropic,
        "application/json",
        """{"type":"error","error":{"type":"rate_limit_error","message":"Budget limit exceeded: budget 'burst' is used up."},""")]
    [InlineData(
        ResponseFormat.Gemini,
        "application/json",
        """{"error":{"code":429,"message":"Budget limit exceeded: budget 'burst' is used up.","status":"RESOURCE_EXHAUSTED"},""")]
    public async Task Throttle_has_the_shape_and_the_members_of_every_denial(ResponseFormat format, string contentType, string error)
    {
        Told told = await Refusal.MeetAsync(Cause.Throttled, format);
        Assert.Equal((429, contentType, null, "60"), (told.Status, told["Content-Type"], told["x-should-retry"], told["Retry-After"]));
        Assert.Equal(error + ThrottleMembers + "}", told.Shown);
    }

    [Theory]
    [InlineData(ResponseFormat.BudgetGuard, "application/json", """{"error":"Budget guard unavailable","reason":"unavailable","retry_after":1}""")]
    [InlineData(
        ResponseFormat.ProblemDetails,
        "application/problem+json",
        """{"type":"urn:budgetguard:unavailable","title":"Budget guard unavailable","status":503,"detail":"Budget guard unavailable","retry_after":1}""")]
    [InlineData(
        ResponseFormat.OpenAI,
        "application/json",
        """{"error":{"message":"Budget guard unavailable","type":"server_error","param":null,"code":"unavailable"},"retry_after":1}""")]
    [InlineData(
        ResponseFormat.Anthropic, "application/json", """{"type":"error","error":{"type":"api_error","message":"Budget guard unavailable"},"retry_after":1}""")]
    [InlineData(
        ResponseFormat.Gemini,
        "application/json",
        """{"error":{"code":503,"message":"Budget guard unavailable","status":"UNAVAILABLE"},"retry_after":1}""")]
    public async Task Failure_of_the_guard_is_503_in_every_shape(ResponseFormat format, string contentType, string body)
    {
        Told told = await Refusal.MeetAsync(Cause.Down, format);
        Assert.Equal((503, contentType, "1", null), (told.Status, told["Content-Type"], told["Retry-After"], told["x-should-retry"]));
        Assert.Equal(body, told.Shown);
    }

    [Theory]
    [InlineData(ResponseFormat.BudgetGuard, """{"error":"*","reason":"body_too_large"}""")]
    [InlineData(ResponseFormat.ProblemDetails, """{"type":"urn:budgetguard:body_too_large","title":"*","status":413,"detail":"*"}""")]
    [InlineData(ResponseFormat.OpenAI, """{"error":{"message":"*","type":"invalid_request_error","param":null,"code":"body_too_large"}}""")]
    [InlineData(ResponseFormat.Anthropic, """{"type":"error","error":{"type":"request_too_large","message":"*"}}""")]
    [InlineData(ResponseFormat.Gemini, """{"error":{"code":413,"message":"*","status":"INVALID_ARGUMENT"}}""")]
    public async Task Fault_of_the_client_says_what_was_wrong_in_every_shape(ResponseFormat format, string body)
    {
        Told told = await Refusal.MeetAsync(Cause.TooLarge, format);
        Assert.Equal((413, null, null), (told.Status, told["Retry-After"], told["x-should-retry"]));
        Assert.Equal(body.Replace("*", "The body is larger than the guard reads.", StringComparison.Ordinal), told.Shown);
    }

    [Theory]
    [InlineData(Cause.Held, "Budget limit exceeded: what budget 'daily' has left is held by requests in flight.")]
    [InlineData(Cause.ExceedsLimit, "Budget limit exceeded: this request alone may cost more than the whole limit of budget 'daily'.")]
    public async Task Message_says_why(Cause cause, string message)
    {
        Assert.Equal(message, (string?)(await Refusal.MeetAsync(cause, ResponseFormat.ProblemDetails)).Json["detail"]);
        Assert.Equal(message, (string?)(await Refusal.MeetAsync(cause, ResponseFormat.OpenAI)).Json["error"]!["message"]);
        Assert.Equal(message, (string?)(await Refusal.MeetAsync(cause, ResponseFormat.Anthropic)).Json["error"]!["message"]);
    }

    [Theory]
    [InlineData(ResponseFormat.BudgetGuard)]
    [InlineData(ResponseFormat.ProblemDetails)]
    [InlineData(ResponseFormat.OpenAI)]
    [InlineData(ResponseFormat.Anthropic)]
    [InlineData(ResponseFormat.Gemini)]
    public async Task Amounts_are_exact_decimals_and_only_there_where_they_are_exposed(ResponseFormat format)
    {
        Told open = await Refusal.MeetAsync(Cause.Rejected, format, exposeAmounts: true);
        Assert.Contains("\"limit_usd\":1,\"spent_usd\":1,\"estimated_usd\":0.000", open.Body, StringComparison.Ordinal);
        Told closed = await Refusal.MeetAsync(Cause.Rejected, format);
        Assert.DoesNotContain("usd", closed.Body, StringComparison.Ordinal);
    }
}
