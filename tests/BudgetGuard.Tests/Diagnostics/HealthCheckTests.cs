using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>The health check through the app's own health page, and the report behind it.</summary>
public sealed class HealthCheckTests
{
    private const string Secret = "Password=hush";

    [Fact]
    public async Task Guard_that_can_decide_is_healthy_and_tells_its_unsafe_choices()
    {
        await using GuardedApp app = await StartAsync(new FlakyTracker());
        Assert.Equal((200, "Healthy"), await PageAsync(app));
        HealthReportEntry entry = await ReportAsync(app);
        Assert.Equal((HealthStatus.Healthy, 1), (entry.Status, (int)entry.Data["budgets"]));
        Assert.Contains((IEnumerable<string>)entry.Data["choices"], static choice => choice.Contains("daily", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refused_change_of_the_configuration_is_degraded_until_it_is_mended()
    {
        await using GuardedApp app = await StartAsync(new FlakyTracker());
        Set(app, "BudgetGuard:Budgets:daily:Limit", "-1");
        Assert.Equal((200, "Degraded"), await PageAsync(app));
        Set(app, "BudgetGuard:Budgets:daily:Limit", "2");
        Assert.Equal((200, "Healthy"), await PageAsync(app));
    }

    [Theory]
    [InlineData(null, 503, "Unhealthy")]
    [InlineData(HealthStatus.Degraded, 200, "Degraded")]
    public async Task Store_that_fails_is_what_the_app_says_a_failure_is(HealthStatus? failure, int status, string text)
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(store, failure);
        store.Fault = new InvalidOperationException(Secret);
        Assert.Equal((status, text), await PageAsync(app));
        store.Fault = null;
        Assert.Equal((200, "Healthy"), await PageAsync(app));
    }

    [Fact]
    public async Task Store_that_hangs_is_unhealthy_after_StoreTimeout()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(store);
        store.Hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<(int, string)> page = PageAsync(app);
        while (!page.IsCompleted)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        Assert.Equal((503, "Unhealthy"), await page);
        store.Hanging.SetResult();
    }

    [Fact]
    public async Task Description_and_data_have_no_secret_of_the_store()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(store);
        store.Fault = new InvalidOperationException(Secret);
        HealthReportEntry entry = await ReportAsync(app);
        Assert.Equal("The store of the budget guard does not answer.", entry.Description);
        Assert.DoesNotContain(entry.Data, static item => $"{item.Key} {string.Join(' ', item.Value as IEnumerable<string> ?? [])} {item.Value}".Contains("hush", StringComparison.Ordinal));
        Assert.DoesNotContain("hush", (await PageAsync(app)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_spends_nothing_and_shows_in_no_balance()
    {
        await using GuardedApp app = await StartAsync(new FlakyTracker());
        for (int i = 0; i < 5; i++)
        {
            await PageAsync(app);
        }

        BudgetBalance balance = Assert.Single(await app.Guard.ReadAsync(new BudgetRequest { Subject = "alice" }));
        Assert.Equal(("daily", 0m, 0m), (balance.Budget, balance.Settled, balance.Held));
    }

    private static void Set(GuardedApp app, string key, string value) => ((IConfigurationBuilder)app.Configuration).AddInMemoryCollection([new(key, value)]);

    private static async Task<(int Status, string Body)> PageAsync(GuardedApp app)
    {
        using HttpResponseMessage answer = await app.GetAsync("/health");
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<HealthReportEntry> ReportAsync(GuardedApp app) =>
        (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["budgetguard"];

    private static Task<GuardedApp> StartAsync(FlakyTracker store, HealthStatus? failure = null) => GuardedApp.StartAsync(
        GuardedApp.OneDollarADay,
        static app => app.MapHealthChecks("/health"),
        setup => setup.Services = services =>
        {
            store.AddTo(services);
            services.AddHealthChecks().AddBudgetGuard(failureStatus: failure);
        });
}
