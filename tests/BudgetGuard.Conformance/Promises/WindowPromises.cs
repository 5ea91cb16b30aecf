namespace BudgetGuard.Conformance;

/// <summary>What windows promise.</summary>
public abstract class WindowPromises<TRig> : Promise<TRig>
    where TRig : TrackerRig, new()
{
    [Fact]
    public async Task A_hold_stays_in_the_window_it_was_taken_in()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)), 100);
        Hold hold = await HoldAsync(Set(day), 90, ttl: TimeSpan.FromHours(3));
        Rig.Time.Advance(TimeSpan.FromMinutes(5));
        await AssertAsync(day, 0);
        await SpendAsync(Set(day), 100);
        await SettleAsync(hold, 90);
        await AssertAsync(day, 100);
    }

    [Theory]
    [InlineData(BudgetPeriod.Minute, "2027-04-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Hour, "2027-04-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Day, "2027-04-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Week, "2027-04-05T00:00:00Z")]
    [InlineData(BudgetPeriod.Month, "2027-04-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Quarter, "2027-04-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Year, "2028-01-01T00:00:00Z")]
    public async Task A_window_ends_when_its_calendar_says(BudgetPeriod period, string end)
    {
        Account account = Of(Terms("window", Calendar(period)), 100);
        Rig.Time.Advance(TimeSpan.FromSeconds(65));
        await SpendAsync(Set(account), 100);
        DateTimeOffset ends = DateTimeOffset.Parse(end, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(ends, (await ReadAsync(account)).ResetsAt);
        Rig.Time.SetUtcNow(ends.AddTicks(-10));
        await RefusedAsync(Set(account), 1);
        Rig.Time.SetUtcNow(ends);
        await HoldAsync(Set(account), 100);
    }

    [Fact]
    public async Task A_day_is_that_of_its_zone_also_when_clocks_change()
    {
        // In Berlin the 28th of March 2027 has 23 hours; it is over by now. In St John's the day ends at half past two.
        Account berlin = Of(Terms("berlin", Calendar(BudgetPeriod.Day, "Europe/Berlin")), 100);
        Account johns = Of(Terms("johns", Calendar(BudgetPeriod.Day, "America/St_Johns")), 100);
        Assert.Equal(new DateTimeOffset(2027, 4, 1, 22, 0, 0, TimeSpan.Zero), (await ReadAsync(berlin)).ResetsAt);
        Assert.Equal(new DateTimeOffset(2027, 4, 1, 2, 30, 0, TimeSpan.Zero), (await ReadAsync(johns)).ResetsAt);
        Rig.Time.SetUtcNow(new DateTimeOffset(2027, 10, 31, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal(new DateTimeOffset(2027, 10, 30, 22, 0, 0, TimeSpan.Zero), (await ReadAsync(berlin)).WindowStart);
        Assert.Equal(new DateTimeOffset(2027, 10, 31, 23, 0, 0, TimeSpan.Zero), (await ReadAsync(berlin)).ResetsAt);
    }

    [Fact]
    public async Task A_total_never_starts_anew()
    {
        Account total = Of(Terms(), 100);
        await SpendAsync(Set(total), 100);
        Rig.Time.Advance(TimeSpan.FromDays(400));
        Refusal refusal = Assert.Single(await RefusedAsync(Set(total), 1));
        Assert.Null(refusal.RetryAt);
        Assert.Equal((null, null), (refusal.State.WindowStart, refusal.State.ResetsAt));
    }

    [Fact]
    public async Task A_rolling_window_gives_back_slice_by_slice_and_never_too_early()
    {
        Account rolling = Of(Terms("rolling", Rolling(TimeSpan.FromHours(1))), 300);
        for (int i = 0; i < 3; i++)
        {
            await SpendAsync(Set(rolling), 100);
            Rig.Time.Advance(TimeSpan.FromMinutes(20));
        }

        Refusal refusal = Assert.Single(await RefusedAsync(Set(rolling), 1));
        Assert.InRange(refusal.RetryAt!.Value, TrackerRig.Start.AddHours(1), TrackerRig.Start.AddMinutes(62));
        Rig.Time.SetUtcNow(refusal.RetryAt.Value.AddTicks(-10));
        await RefusedAsync(Set(rolling), 1);
        Rig.Time.SetUtcNow(refusal.RetryAt.Value);
        await HoldAsync(Set(rolling), 100);
        await RefusedAsync(Set(rolling), 1);
    }

    [Fact]
    public async Task What_a_window_ended_above_its_limit_opens_the_next_and_is_paid_off()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)) with { CarryDebt = true }, 100);
        await SettleAsync(await HoldAsync(Set(day), 50), 270);
        Rig.Time.Advance(TimeSpan.FromMinutes(5));
        await AssertAsync(day, 0, 0, 170);
        await RefusedAsync(Set(day), 1);
        Rig.Time.Advance(TimeSpan.FromDays(1));
        await AssertAsync(day, 0, 0, 70);
        await HoldAsync(Set(day), 30);
        Rig.Time.Advance(TimeSpan.FromDays(5));
        await AssertAsync(day, 0);
    }

    [Fact]
    public async Task A_late_settlement_changes_what_later_windows_opened_with()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)) with { CarryDebt = true }, 100);
        Hold late = await HoldAsync(Set(day), 50, ttl: TimeSpan.FromDays(3));
        Rig.Time.Advance(TimeSpan.FromHours(2));
        await SpendAsync(Set(day), 90);
        Rig.Time.Advance(TimeSpan.FromDays(1));
        await SpendAsync(Set(day), 10);
        await AssertAsync(day, 10);
        await SettleAsync(late, 180);
        await AssertAsync(day, 10, 0, 70);
    }

    [Fact]
    public async Task A_clock_that_goes_back_opens_no_window_again()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)), 100);
        Rig.Time.Advance(TimeSpan.FromMinutes(5));
        await SpendAsync(Set(day), 80);
        Rig.Time.AdjustTime(TrackerRig.Start);
        await RefusedAsync(Set(day), 30);
        await AssertAsync(day, 80);
    }
}
