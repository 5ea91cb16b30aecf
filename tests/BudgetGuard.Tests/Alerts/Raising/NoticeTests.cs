using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Raising;
using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>What accounts tell, how often, and when they tell that it is over.</summary>
public sealed class NoticeTests
{
    private static readonly BudgetTerms _day = Kit.Terms("day") with { AlertAt = [0.5m, 0.8m, 1m] };

    private readonly Kit _kit = new(at: new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task T172_Sixty_four_threads_that_cross_a_share_tell_it_once()
    {
        AccountSet set = Kit.Set(Kit.Of(_day with { AlertAt = [0.8m], SpikeFactor = 0 }, 800_000));
        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                _kit.Spend(set, 1);
            }
        })));
        Assert.Single(_kit.Told(AccountEventKind.ThresholdReached));
    }

    [Fact]
    public void A_window_that_ends_while_nobody_asks_tells_once_that_it_is_over()
    {
        AccountSet set = Kit.Set(Kit.Of(_day, 100));
        _kit.Spend(set, 100);
        _kit.Refused(set, 1);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Tracker.Scan();
        _kit.Tracker.Scan();
        Assert.Equal([NoticeKind.Threshold, NoticeKind.Exceeded], _kit.Told(AccountEventKind.Recovered).Select(told => told.Notice));
    }

    [Fact]
    public void An_account_that_gives_its_place_to_another_tells_first_that_its_window_is_over_and_a_look_keeps_no_place()
    {
        BudgetTerms terms = _day with { MaxTrackedPartitions = 1, Per = ["User"] };
        _kit.Spend(Kit.Set(Kit.Of(terms, 100, "a")), 100);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(Kit.Set(Kit.Of(terms, 100, "b")), 100);
        Assert.Equal("a", Assert.Single(_kit.Told(AccountEventKind.Recovered)).Account.Key.Partition.Single());
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Tracker.Scan();
        _kit.Spend(Kit.Set(Kit.Of(terms, 100, "c")), 100);
        Assert.Equal(["a", "b"], _kit.Told(AccountEventKind.Recovered).Select(told => told.Account.Key.Partition.Single()));
        Assert.Empty(_kit.Told(AccountEventKind.Overflowed));
    }

    [Fact]
    public void What_is_given_back_recovers_below_one_per_cent_under_the_share_and_is_told_in_a_new_round()
    {
        AccountSet set = Kit.Set(Kit.Of(_day, 1_000));
        Hold hold = _kit.Hold(set, 800);
        _kit.Settle(hold, 800);
        _kit.Adjust(hold, 800, 792);
        Assert.Empty(_kit.Told(AccountEventKind.Recovered));
        _kit.Adjust(hold, 792, 791);
        AccountEvent over = Assert.Single(_kit.Told(AccountEventKind.Recovered));
        Assert.Equal((0.8m, 0), (over.Threshold, over.Round));
        _kit.Spend(set, 100);
        Assert.Equal([(0.8m, 0), (0.8m, 1)], _kit.Told(AccountEventKind.ThresholdReached).Select(told => (told.Threshold, told.Round)));
    }

    [Fact]
    public void A_share_that_use_fell_below_after_a_higher_one_was_over_is_told_again()
    {
        AccountSet set = Kit.Set(Kit.Of(_day, 1_000));
        Hold hold = _kit.Hold(set, 850);
        _kit.Settle(hold, 850);
        _kit.Adjust(hold, 850, 600);
        _kit.Adjust(hold, 600, 300);
        _kit.Spend(set, 250);
        Assert.Equal([0.8m, 0.5m], _kit.Told(AccountEventKind.ThresholdReached).Select(told => told.Threshold));
        Assert.Single(_kit.Told(AccountEventKind.Recovered));
    }

    [Fact]
    public void A_request_for_nearly_all_does_not_hide_that_later_the_money_is_gone()
    {
        AccountSet set = Kit.Set(Kit.Of(_day with { AlertAt = [] }, 1_000));
        _kit.Spend(set, 20);
        _kit.Refused(set, 990);
        _kit.Refused(set, 990);
        _kit.Spend(set, 970);
        _kit.Refused(set, 50);
        _kit.Refused(set, 50);
        Assert.Equal([0, 1], _kit.Told(AccountEventKind.Refused).Select(told => told.Round));
    }

    [Fact]
    public async Task A_claim_is_given_once_and_after_its_release_the_account_tells_the_same_again()
    {
        Account account = Kit.Of(_day, 100);
        AccountSet set = Kit.Set(account);
        _kit.Spend(set, 80);
        AlertClaim claim = new() { Type = AlertTypes.ThresholdReached, Account = account, Threshold = 0.8m, WindowStart = _kit.Clock.GetUtcNow() };
        Assert.True(await _kit.Tracker.ClaimAlertAsync(claim, CancellationToken.None));
        Assert.False(await _kit.Tracker.ClaimAlertAsync(claim with { Threshold = 0.80m }, CancellationToken.None));
        await _kit.Tracker.ReleaseAlertAsync(claim, CancellationToken.None);
        _kit.Spend(set, 1);
        Assert.Equal([(0.8m, 0), (0.8m, 0)], _kit.Told(AccountEventKind.ThresholdReached).Select(told => (told.Threshold, told.Round)));
        Assert.True(await _kit.Tracker.ClaimAlertAsync(claim, CancellationToken.None));
    }

    [Fact]
    public void A_lowered_limit_is_told_at_the_next_look()
    {
        _kit.Spend(Kit.Set(Kit.Of(_day with { AlertAt = [0.9m] }, 100)), 60);
        _kit.Hold(Kit.Set(Kit.Of(_day with { AlertAt = [0.9m] }, 61)), 0);
        _kit.Tracker.Scan();
        Assert.Single(_kit.Told(AccountEventKind.ThresholdReached));
    }

    [Fact]
    public void Concurrency_tells_at_most_once_an_hour_that_it_refuses()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("slots", unit: BudgetUnit.Concurrency), 1));
        _kit.Hold(set, 0);
        for (int minute = 0; minute < 121; minute++)
        {
            _kit.Refused(set, 0);
            _kit.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([0, 1, 2], _kit.Told(AccountEventKind.Refused).Select(told => told.Round));
    }

    [Fact]
    public void A_steady_sixty_per_cent_at_half_of_a_day_is_forecast_and_what_ended_at_five_is_not()
    {
        AccountSet steady = Kit.Set(Kit.Of(_day with { AlertAt = [] }, 1_000));
        AccountSet office = Kit.Set(Kit.Of(Kit.Terms("office"), 1_000));
        for (int hour = 0; hour < 24; hour++)
        {
            for (int part = 0; part < 4; part++)
            {
                if (hour <= 12)
                {
                    _kit.Spend(steady, part < 2 ? 13 : 12);
                }

                if (hour is >= 9 and < 17)
                {
                    _kit.Spend(office, 25);
                }

                _kit.Tracker.Scan();
                _kit.Clock.Advance(TimeSpan.FromMinutes(15));
            }
        }

        AccountEvent told = Assert.Single(_kit.Told(AccountEventKind.Forecast));
        Assert.Equal("day", told.Account.Terms.Name);
        Assert.InRange(told.Amount, 1_100, 1_300);
        Assert.NotNull(told.GoneBy);
    }

    [Fact]
    public void A_request_far_above_the_usual_is_told_at_most_once_an_hour()
    {
        AccountSet set = Kit.Set(Kit.Of(_day with { AlertAt = [], ForecastAt = 0 }, 100_000));
        for (int i = 0; i < 30; i++)
        {
            _kit.Spend(set, 100 + (i % 3));
        }

        _kit.Spend(set, 999);
        Assert.Empty(_kit.Told(AccountEventKind.Spiked));
        _kit.Tracker.Scan();
        _kit.Spend(set, 1_500);
        _kit.Spend(set, 4_000);
        AccountEvent told = Assert.Single(_kit.Told(AccountEventKind.Spiked));
        Assert.Equal(1_500, told.Amount);
        Assert.InRange(told.Expected, 95, 110);
    }

    [Fact]
    public void Ids_depend_on_each_part_and_incidents_not_on_share_and_round()
    {
        AlertClaim claim = new() { Type = "t", Account = Kit.Of(_day, 1, "ab", "c"), Threshold = 0.8m, WindowStart = Kit.Start };
        Assert.Equal(IdOf(claim), IdOf(claim with { Account = Kit.Of(_day, 9, "ab", "c"), Threshold = 0.80m }));
        AlertClaim[] others =
        [
            claim with { Account = Kit.Of(_day, 1, "a", "bc") }, claim with { Type = "u" }, claim with { WindowStart = null },
            claim with { Account = Kit.Of(_day, 1, "ab", null) }, claim with { Account = null }, claim with { Subject = string.Empty },
            claim with { Account = Kit.Of(_day, 1, new string('x', 3_000), "c") }, claim with { Round = 1 }, claim with { Threshold = 0.81m },
        ];
        Assert.Equal(10, others.Append(claim).Select(IdOf).Distinct().Count());
        AlertClaim later = claim with { Threshold = 1m, Round = 1 };
        Assert.NotEqual(IdOf(claim), IdOf(later));
        Assert.Equal(AlertIds.Of(claim, "t").Incident, AlertIds.Of(later, "t").Incident);
        Assert.Equal(32, AlertIds.Of(claim, "t").Incident.Length);

        static Guid IdOf(AlertClaim claim) => AlertIds.Of(claim, "t").Id;
    }
}
