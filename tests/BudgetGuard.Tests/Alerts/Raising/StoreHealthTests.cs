using BudgetGuard.Alerts.Raising;
using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>An outage of the store is told once and its end once.</summary>
public sealed class StoreHealthTests
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void An_outage_and_its_end_are_told_once_and_share_an_incident()
    {
        using UnstartedApp app = new(Kit.Start);
        StoreHealth store = app.Get<StoreHealth>();
        for (int outage = 0; outage < 2; outage++)
        {
            store.Failed();
            store.Failed();
            app.Time.Advance(_minute);
            store.Failed();
            store.Answered();
            store.Answered();
            app.Time.Advance(_minute);
        }

        List<BudgetAlert> raised = app.Raised();
        Assert.Equal(
            [AlertTypes.StoreUnavailable, AlertTypes.Recovered, AlertTypes.StoreUnavailable, AlertTypes.Recovered], raised.Select(alert => alert.Type));
        Assert.Equal(raised[0].IncidentKey, raised[1].IncidentKey);
        Assert.Equal(raised[2].IncidentKey, raised[3].IncidentKey);
        Assert.NotEqual(raised[0].IncidentKey, raised[2].IncidentKey);
        Assert.Equal(4, raised.Select(alert => alert.Id).Distinct().Count());
        Assert.Equal([null, AlertTypes.StoreUnavailable], raised.Take(2).Select(alert => alert.Recovers));
    }

    [Fact]
    public void A_store_that_flaps_tells_at_most_once_a_minute()
    {
        using UnstartedApp app = new(Kit.Start);
        StoreHealth store = app.Get<StoreHealth>();
        for (int second = 0; second < 600; second++)
        {
            store.Failed();
            store.Answered();
            app.Time.Advance(TimeSpan.FromSeconds(1));
        }

        List<BudgetAlert> raised = app.Raised();
        Assert.Equal(10, raised.Count);
        Assert.All(raised.Zip(raised.Skip(1)), pair => Assert.True(pair.Second.At - pair.First.At >= _minute && pair.First.Type != pair.Second.Type));
    }

    [Fact]
    public void What_is_found_while_alerting_is_off_is_told_when_it_is_on_and_no_end_without_a_beginning()
    {
        using UnstartedApp app = new(Kit.Start, ("EnableAlerting", "false"));
        StoreHealth store = app.Get<StoreHealth>();
        store.Failed();
        app.Reconfigure("EnableAlerting", "true");
        app.Time.Advance(_minute);
        store.Answered();
        Assert.Empty(app.Raised());
        store.Failed();
        app.Time.Advance(_minute);
        app.Reconfigure("EnableAlerting", "false");
        store.Answered();
        Assert.Equal(AlertTypes.StoreUnavailable, Assert.Single(app.Raised()).Type);
        app.Reconfigure("EnableAlerting", "true");
        store.Answered();
        Assert.Equal(AlertTypes.Recovered, Assert.Single(app.Raised()).Type);
    }
}
