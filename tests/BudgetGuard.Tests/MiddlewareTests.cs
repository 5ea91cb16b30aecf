using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests;

public sealed class MiddlewareTests
{
    [Fact]
    public async Task Denial_has_the_members_of_the_contract_in_their_order()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(GuardedApp.OneDollarADay, app => app.MapPost("/api/chat", () => "done").WithCost(0.60m));
        using HttpResponseMessage first = await app.SendAsync(HttpMethod.Post, "/api/chat");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("daily", Assert.Single(first.Headers.GetValues("X-BudgetGuard-Budget")));

        using HttpResponseMessage denied = await app.SendAsync(HttpMethod.Post, "/api/chat");
        Assert.Equal(HttpStatusCode.PaymentRequired, denied.StatusCode);
        Assert.Equal("application/json", denied.Content.Headers.ContentType?.ToString());
        Assert.Equal("false", Assert.Single(denied.Headers.GetValues("x-should-retry")));
        Assert.Equal(
            """{"error":"Budget limit exceeded","decision":"reject","user_id":"alice","model":null,"retry_after":null,"budget":"daily","operation":"api_call","resets_at":"2026-06-11T00:00:00Z"}""",
            await denied.Content.ReadAsStringAsync());
        Assert.Equal(0.60m, (await app.BalanceAsync()).Settled);
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
    }
}
