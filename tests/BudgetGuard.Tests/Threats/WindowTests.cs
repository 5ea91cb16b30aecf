using System.Globalization;
using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>Windows as callers meet them: they end on time and once, whatever the clock does, and refusals say when.</summary>
public sealed class WindowTests
{
    private const string Day = "\"Period\":\"Day\"";
    private const string DayInTokyo = "\"Period\":\"Day\",\"TimeZone\":\"Asia/Tokyo\"";
    private const string Hour = "\"Period\":\"Hour\",\"OnExceeded\":\"Reject\"";
    private const string HourInKolkata = "\"Period\":\"Hour\",\"TimeZone\":\"Asia/Kolkata\",\"OnExceeded\":\"Reject\"";
    private const string RollingHour = "\"Rolling\":\"01:00:00\",\"OnExceeded\":\"Reject\"";
    private const string RollingDay = "\"Rolling\":\"1.00:00:00\"";

    [Theory]
    [InlineData(Day, 12)]
    [InlineData(DayInTokyo, 3)]
    [InlineData(Hour, 1)]
    [InlineData(HourInKolkata, 0.5)]
    public async Task T125_A_request_across_the_boundary_is_charged_to_the_window_it_began_in(string window, double hoursToEnd)
    {
        TaskCompletionSource entered = new();
        TaskCompletionSource goOn = new();
        await using GuardedApp app = await PricedWork.StartAsync(
            $$"""{ "Budgets": { "daily": { "Limit": 1.00, "Per": ["User"], {{window}} }, "ever": { "Limit": 100, "Period": "Total" } } }""",
            setup => setup.Pipeline = app =>
            {
                app.UseBudgetGuard();
                PricedWork.Map(app);
                app.MapGet("/api/long", async context =>
                {
                    entered.SetResult();
                    await goOn.Task;
                    context.GetBudgetGuard()!.ReportCost(0.90m);
                    await context.Response.WriteAsync("done");
                });
            });
        app.Time.Advance(TimeSpan.FromHours(hoursToEnd) - TimeSpan.FromMilliseconds(100));
        Task<HttpResponseMessage> asking = app.GetAsync("/api/long?usd=0.60");
        await entered.Task;
        Assert.Equal(0.60m, (await app.BalanceAsync()).Held);
        Assert.Equal(429, await app.WorkAsync(0.50m));
        app.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((0m, 0m), ((await app.BalanceAsync()).Settled, (await app.BalanceAsync()).Held));
        goOn.SetResult();
        using HttpResponseMessage answer = await asking;
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal((0m, 0m), ((await app.BalanceAsync()).Settled, (await app.BalanceAsync()).Held));
        Assert.Equal(0.90m, (await app.BalanceAsync(budget: "ever")).Settled);
        Assert.Equal(200, await app.WorkAsync(1.00m));
    }

    [Theory]
    [InlineData(Day, 24)]
    [InlineData(DayInTokyo, 24)]
    [InlineData(Hour, 1)]
    [InlineData(HourInKolkata, 1)]
    [InlineData(RollingHour, 1.02)]
    [InlineData(RollingDay, 24.4)]
    public async Task T126_A_clock_that_goes_back_opens_no_window_again(string window, double hours)
    {
        await using GuardedApp app = await StartAsync(window);
        DateTimeOffset now = GuardedApp.Start;
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(200, await app.WorkAsync(1.00m));
            Assert.Equal(402, await app.WorkAsync(0.01m));
            foreach (TimeSpan back in (TimeSpan[])[TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(40)])
            {
                app.Time.AdjustTime(now - back);
                Assert.Equal(402, await app.WorkAsync(0.01m));
                Assert.Equal(402, await app.WorkAsync(0.01m, actual: 0.02m));
                Assert.Equal(1.00m, (await app.BalanceAsync()).Settled);
            }

            // Nor does it for somebody who was never there: what he spends back then is spent now.
            Assert.Equal(200, await app.WorkAsync(1.00m, $"late{round}"));
            app.Time.AdjustTime(now);
            Assert.Equal(402, await app.WorkAsync(0.01m));
            Assert.Equal(402, await app.WorkAsync(0.01m, $"late{round}"));
            now += TimeSpan.FromHours(hours);
            app.Time.AdjustTime(now);
        }
    }

    [Theory]
    [InlineData(Day, "true")]
    [InlineData(Day, "false")]
    [InlineData(DayInTokyo, "false")]
    [InlineData(RollingDay, "false")]
    public async Task T127_A_clock_that_jumps_a_day_and_back_gives_one_window_more_however_often(string window, string cacheDecisions)
    {
        await using GuardedApp app = await StartAsync(window, cacheDecisions);
        decimal admitted = 0;
        foreach (int minutes in (int[])[0, 25 * 60, 0, 1, 25 * 60, 2, 25 * 60, 30, 25 * 60 + 1])
        {
            app.Time.AdjustTime(GuardedApp.Start.AddMinutes(minutes));
            for (int i = 0; i < 20; i++)
            {
                admitted += await app.WorkAsync(0.10m) == 200 ? 0.10m : 0;
            }
        }

        Assert.Equal(2.00m, admitted);
    }

    [Theory]
    [InlineData("America/New_York", "2026-03-07T12:00:00Z")]
    [InlineData("America/New_York", "2026-10-31T12:00:00Z")]
    [InlineData("Europe/Berlin", "2026-10-24T12:00:00Z")]
    [InlineData("America/Santiago", "2026-09-05T12:00:00Z")]
    [InlineData("Africa/Cairo", "2026-04-23T12:00:00Z")]
    public async Task T128_Around_a_clock_change_each_local_day_gives_its_money_once(string zone, string from)
    {
        await using GuardedApp app = await StartAsync($"\"Period\":\"Day\",\"TimeZone\":\"{zone}\"");
        DateTimeOffset start = DateTimeOffset.Parse(from, CultureInfo.InvariantCulture);
        TimeZoneInfo info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        Dictionary<DateTime, int> admitted = [];
        for (int minute = 0; minute < 48 * 60; minute++)
        {
            DateTimeOffset now = start.AddMinutes(minute);
            app.Time.AdjustTime(now);
            DateTime date = TimeZoneInfo.ConvertTime(now, info).Date;
            int status = await app.WorkAsync(1.00m);
            Assert.True(status is 200 or 402, $"{now}: {status}");
            admitted[date] = admitted.GetValueOrDefault(date) + (status == 200 ? 1 : 0);
        }

        Assert.Equal(3, admitted.Count);
        Assert.All(admitted.Values, times => Assert.Equal(1, times));
    }

    [Theory]
    [InlineData(BudgetPeriod.Minute, "2026-06-10T12:01:00Z")]
    [InlineData(BudgetPeriod.Hour, "2026-06-10T13:00:00Z")]
    [InlineData(BudgetPeriod.Day, "2026-06-11T00:00:00Z")]
    [InlineData(BudgetPeriod.Week, "2026-06-15T00:00:00Z")]
    [InlineData(BudgetPeriod.Month, "2026-07-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Quarter, "2026-07-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Year, "2027-01-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Total, null)]
    public async Task T132_The_boundary_alone_opens_the_next_window(BudgetPeriod period, string? end)
    {
        await using GuardedApp app = await StartAsync($"\"Period\":\"{period}\",\"OnExceeded\":\"Reject\"");
        Assert.Equal(200, await app.WorkAsync(1.00m));
        Assert.Equal(402, await app.WorkAsync(0.01m));
        DateTimeOffset? resetsAt = end is null ? null : DateTimeOffset.Parse(end, CultureInfo.InvariantCulture);
        Assert.Equal(resetsAt, (await app.BalanceAsync()).ResetsAt);
        app.Time.AdjustTime((resetsAt ?? GuardedApp.Start.AddYears(50)) - TimeSpan.FromTicks(1));
        Assert.Equal(402, await app.WorkAsync(0.01m));
        app.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(end is null ? 402 : 200, await app.WorkAsync(1.00m));
    }

    [Theory]
    [InlineData(Day, 2)]
    [InlineData(RollingDay, 1)]
    public async Task T135_Two_minutes_at_the_edge_of_a_calendar_window_give_two_limits_and_of_a_rolling_one_one(string window, int limits)
    {
        await using GuardedApp app = await StartAsync(window);
        app.Time.Advance(TimeSpan.FromHours(12) - TimeSpan.FromMinutes(1));
        decimal admitted = 0;
        for (int second = 0; second < 120; second++)
        {
            admitted += await app.WorkAsync(0.25m) == 200 ? 0.25m : 0;
            app.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(limits, admitted);
    }

    [Fact]
    public async Task T135_A_rolling_window_admits_no_more_than_its_limit_in_any_span_of_its_length()
    {
        await using GuardedApp app = await StartAsync("\"Rolling\":\"00:10:00\"");
        Random random = new(20260610);
        List<(DateTimeOffset At, decimal Usd)> admitted = [];
        for (int i = 0; i < 2_000; i++)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 30_000)));
            decimal usd = random.Next(1, 40) / 100m;
            if (await app.WorkAsync(usd) == 200)
            {
                DateTimeOffset now = app.Time.GetUtcNow();
                admitted.Add((now, usd));
                Assert.True(admitted.Where(one => one.At > now - TimeSpan.FromMinutes(10)).Sum(one => one.Usd) <= 1.00m);
            }
        }

        Assert.True(admitted.Count > 200);
    }

    [Theory]
    [InlineData("\"Period\":\"Minute\"", "2026-06-10T12:00:17.250Z")]
    [InlineData("\"Period\":\"Hour\"", "2026-06-10T12:59:59.999Z")]
    [InlineData("\"Period\":\"Hour\",\"TimeZone\":\"Asia/Kathmandu\"", "2026-06-10T12:01:00.001Z")]
    [InlineData("\"Period\":\"Day\",\"OnExceeded\":\"Throttle\"", "2026-06-10T12:00:00Z")]
    [InlineData("\"Period\":\"Day\",\"TimeZone\":\"America/New_York\",\"OnExceeded\":\"Throttle\"", "2026-03-08T05:30:00.5Z")]
    [InlineData("\"Period\":\"Day\",\"TimeZone\":\"America/New_York\",\"OnExceeded\":\"Throttle\"", "2026-11-01T04:00:00Z")]
    [InlineData("\"Period\":\"Week\",\"TimeZone\":\"Australia/Lord_Howe\",\"OnExceeded\":\"Throttle\"", "2026-04-03T04:00:00.9Z")]
    [InlineData("\"Rolling\":\"00:10:00\"", "2026-06-10T12:00:03.333Z")]
    [InlineData("\"Rolling\":\"1.00:00:00\",\"OnExceeded\":\"Throttle\"", "2026-06-10T12:34:56.789Z")]
    public async Task T136_Retry_after_is_the_first_whole_second_that_admits(string window, string at)
    {
        await using GuardedApp app = await StartAsync(window);
        app.Time.AdjustTime(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture));
        Assert.Equal(200, await app.WorkAsync(1.00m));
        using HttpResponseMessage refused = await app.GetAsync(PricedWork.Path(0.40m));
        Assert.Equal(429, (int)refused.StatusCode);
        long seconds = long.Parse(Assert.Single(refused.Headers.GetValues("Retry-After")), NumberStyles.None, CultureInfo.InvariantCulture);
        using JsonDocument body = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        Assert.Equal(seconds, body.RootElement.GetProperty("retry_after").GetInt64());
        Assert.True(seconds >= 1);
        DateTimeOffset resetsAt = body.RootElement.GetProperty("resets_at").GetDateTimeOffset();
        Assert.InRange(app.Time.GetUtcNow().AddSeconds(seconds) - resetsAt, TimeSpan.Zero, TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        app.Time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal(429, await app.WorkAsync(0.40m));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await app.WorkAsync(0.40m));
    }

    [Theory]
    [InlineData(Day, "2026-06-11T00:00:00Z")]
    [InlineData(DayInTokyo, "2026-06-10T15:00:00Z")]
    [InlineData(HourInKolkata, "2026-06-10T12:30:00Z")]
    [InlineData("\"Period\":\"Month\",\"TimeZone\":\"Europe/Berlin\"", "2026-06-30T22:00:00Z")]
    public async Task T136_A_reject_says_no_retry_but_when_the_budget_starts_anew(string window, string resetsAt)
    {
        await using GuardedApp app = await StartAsync(window);
        Assert.Equal(200, await app.WorkAsync(1.00m));
        using HttpResponseMessage refused = await app.GetAsync(PricedWork.Path(0.40m));
        Assert.Equal(402, (int)refused.StatusCode);
        Assert.False(refused.Headers.Contains("Retry-After"));
        using JsonDocument body = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        Assert.Equal(JsonValueKind.Null, body.RootElement.GetProperty("retry_after").ValueKind);
        DateTimeOffset anew = DateTimeOffset.Parse(resetsAt, CultureInfo.InvariantCulture);
        Assert.Equal(anew, body.RootElement.GetProperty("resets_at").GetDateTimeOffset());
        app.Time.AdjustTime(anew - TimeSpan.FromTicks(1));
        Assert.Equal(402, await app.WorkAsync(0.40m));
        app.Time.AdjustTime(anew);
        Assert.Equal(200, await app.WorkAsync(0.40m));
    }

    private static Task<GuardedApp> StartAsync(string window, string cacheDecisions = "true") =>
        PricedWork.StartAsync($$"""{ "CacheDecisions": {{cacheDecisions}}, "Budgets": { "daily": { "Limit": 1.00, "Per": ["User"], {{window}} } } }""");
}
