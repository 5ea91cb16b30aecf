using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>What clients send makes no series, and only so many log lines.</summary>
public sealed class SeriesTests
{
    private static readonly string[] AllowedTags =
    [
        "budgetguard.decision", "budgetguard.budget", "budgetguard.operation", "budgetguard.alert.type", "budgetguard.alert.sink", "budgetguard.reload.of", "budgetguard.reload.outcome",
        "budgetguard.step", "budgetguard.store",
    ];

    [Fact]
    public async Task T163_Ten_thousand_users_models_and_paths_make_a_handful_of_series()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"MaxTrackedPartitions":5000,"Budgets":{"daily":{"Limit":0.02,"Period":"Day","Per":["User","Model"]},"rpm":{"Requests":1,"Period":"Minute","Per":["User"]}}}""",
            static app => app.Map("/{**rest}", static () => "done"));
        using Meters meters = new(app);
        for (int i = 0; i < 10_000; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, $"/files/secretpath{i}?q=secretquery{i}")
            {
                Headers = { { "X-User-ID", $"secretuser{i % 7_000}" }, { "X-Model", $"secretmodel{i}" } },
            };
            using HttpResponseMessage answer = await app.Client.SendAsync(request);
        }

        string[] series = [.. meters.All.Select(measured => $"{measured.Instrument} {measured.Tags}").Distinct()];
        Assert.InRange(series.Length, 5, 30);
        Assert.DoesNotContain(series, one => one.Contains("secret", StringComparison.Ordinal));
        Assert.All(
            meters.All.Select(measured => measured.Tags).Distinct(),
            tags => Assert.All(tags.Split(' ', StringSplitOptions.RemoveEmptyEntries), tag => Assert.Contains(tag.Split('=')[0], AllowedTags)));
        Assert.Equal(10_000, meters.Of("budgetguard.decisions").Length);
    }

    [Fact]
    public async Task T167_Unknown_models_are_told_up_to_a_number_and_are_no_tag()
    {
        await using ChatApp chat = await ChatApp.StartAsync("""{"Budgets":{"daily":{"Limit":100,"Period":"Day"}}}""");
        using Meters meters = new(chat.App);
        for (int i = 0; i < 1_200; i++)
        {
            Assert.Equal(200, await chat.AskAsync(ChatApp.Body($"unheard-of-{i}")));
        }

        FakeLogRecord[] told = [.. chat.App.Logs.GetSnapshot().Where(record => record.Id.Name == "ModelUnpriced")];
        Assert.Equal(1_000, told.Length);
        Assert.DoesNotContain(meters.All, measured => measured.Tags.Contains("unheard-of", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(257)]
    [InlineData(1_000_000)]
    public async Task T167_Overlong_model_is_refused_before_it_is_told_or_counted(int length)
    {
        await using ChatApp chat = await ChatApp.StartAsync();
        using Meters meters = new(chat.App);
        Assert.Equal(400, await chat.AskAsync(ChatApp.Body(new string('m', length))));
        Assert.Equal(0, chat.Arrivals);
        Assert.Empty(meters.All);
        Assert.DoesNotContain(chat.App.Logs.GetSnapshot(), record => record.Message.Contains("mmmm", StringComparison.Ordinal));
    }
}
