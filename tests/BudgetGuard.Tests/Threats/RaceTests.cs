using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Threats;

/// <summary>Money for ten, two hundred at once, on real connections: exactly ten.</summary>
public sealed class RaceTests
{
    private const int Parallel = 200;

    private static int Rounds { get; } = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 20 : 5;

    [Fact]
    public async Task T116_Exactly_ten_of_two_hundred_parallel_requests_pass()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, static app => app.MapGet("/api/work", static () => "done").WithCost(0.10m), static setup => setup.UseKestrel = true);
        for (int round = 0; round < Rounds; round++)
        {
            string user = $"user{round}";
            HttpStatusCode[] statuses = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(async _ =>
            {
                using HttpResponseMessage response = await app.GetAsync("/api/work", user);
                return response.StatusCode;
            }));
            Assert.Equal(10, statuses.Count(status => status == HttpStatusCode.OK));
            Assert.All(
                statuses.Where(status => status != HttpStatusCode.OK),
                status => Assert.True(status is HttpStatusCode.PaymentRequired or HttpStatusCode.TooManyRequests));
            BudgetBalance balance = await app.BalanceAsync(user);
            Assert.Equal((1.00m, 0m), (balance.Settled, balance.Held));
        }
    }
}
