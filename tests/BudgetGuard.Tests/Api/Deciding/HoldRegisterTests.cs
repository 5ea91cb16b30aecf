using System.Globalization;
using BudgetGuard.Api.Deciding;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Api.Deciding;

/// <summary>What is known of holds has a bound, and what is open is never forgotten for it.</summary>
public sealed class HoldRegisterTests
{
    private readonly FakeTimeProvider _time = new(Rig.GuardedApp.Start);

    [Fact]
    public void There_are_never_more_than_so_many_and_what_is_over_makes_room()
    {
        HoldRegister register = new(_time);
        DecidedHold first = Hold(seconds: 60);
        Assert.True(register.TryAdd(first, out _));
        for (int i = 1; i < HoldRegister.MostHolds; i++)
        {
            Assert.True(register.TryAdd(Hold(seconds: 3600), out _));
        }

        Assert.False(register.TryAdd(Hold(seconds: 60), out DecidedHold? known));
        Assert.Null(known);
        Assert.NotNull(register.Find("a", first.Id));
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.True(register.TryAdd(Hold(seconds: 60), out _));
        Assert.Equal(HoldRegister.MostHolds, register.Count);
        Assert.Null(register.Find("a", first.Id));
    }

    [Fact]
    public void What_is_settled_long_before_its_time_makes_room_first()
    {
        HoldRegister register = new(_time);
        DecidedHold settled = Hold(seconds: 86_400);
        Assert.True(register.TryAdd(settled, out _));
        for (int i = 1; i < HoldRegister.MostHolds; i++)
        {
            Assert.True(register.TryAdd(Hold(seconds: 60), out _));
        }

        register.EndsAt(settled, _time.GetUtcNow());
        Assert.True(register.TryAdd(Hold(seconds: 60), out _));
        Assert.Null(register.Find("a", settled.Id));
    }

    [Fact]
    public void What_was_over_for_a_day_is_cleared_away_with_its_name()
    {
        HoldRegister register = new(_time);
        for (int i = 0; i < 1_000; i++)
        {
            Assert.True(register.TryAdd(Hold(seconds: 60, name: i.ToString(CultureInfo.InvariantCulture)), out _));
        }

        _time.Advance(HoldRegister.Remembered + TimeSpan.FromSeconds(60));
        for (int i = 0; i < 1_000 / 16 + 1; i++)
        {
            register.Find("a", "none");
        }

        Assert.Equal(0, register.Count);
        Assert.True(register.TryAdd(Hold(seconds: 60, name: "5"), out _));
        Assert.False(register.TryAdd(Hold(seconds: 60, name: "5"), out DecidedHold? known));
        Assert.NotNull(known);
    }

    private DecidedHold Hold(int seconds, string? name = null) => new(
        "a",
        name,
        null,
        new DecisionTerms(new DecisionRequest("alice", "api_call", null, TimeSpan.FromSeconds(seconds)), TimeSpan.FromSeconds(seconds), null),
        _time.GetUtcNow() + TimeSpan.FromSeconds(seconds));
}
