using BudgetGuard.Frameworks.Tests.Rig;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Frameworks.Tests.Table;

/// <summary>Every case on every framework.</summary>
public sealed class FrameworkTests(Apps apps) : IClassFixture<Apps>
{
    public static TheoryData<string, string> Table
    {
        get
        {
            TheoryData<string, string> table = [];
            foreach (string framework in Catalog.All)
            {
                foreach (string what in Cases.All.Keys)
                {
                    table.Add(framework, what);
                }
            }

            return table;
        }
    }

    public static TheoryData<string> Asking => [.. Catalog.Asking.Keys];

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Every_framework_does_the_same(string framework, string what)
    {
        (Setup setup, Func<IFrameworkApp, Task> run) = Cases.All[what];
        await run(await apps.GetAsync(framework, setup));
    }

    [Theory]
    [MemberData(nameof(Asking))]
    public async Task What_a_killed_app_had_begun_is_charged_when_its_hold_expires(string framework)
    {
        FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
        await using GatewayHost gateway = await GatewayHost.StartAsync(time);
        await using ProcessApp app = await ProcessApp.StartAsync(Catalog.Asking[framework], gateway.Address, gateway.Ledger, Setup.Common);
        const int Requests = 4;
        List<HttpResponseMessage> answers = [];
        for (int i = 0; i < Requests; i++)
        {
            answers.Add(await app.WorkAsync("alice", """{"hang":true,"report":"0.004"}""", isStream: true));
        }

        decimal bill = await app.BilledAsync();
        app.Kill();
        answers.ForEach(static answer => answer.Dispose());
        Assert.Equal(Requests * 0.004m, bill);
        Assert.Equal(new Balance(0, Requests * Budgets.Estimate), await gateway.Ledger.ReadAsync("alice"));

        time.Advance(TimeSpan.FromMinutes(11));
        Balance after = await gateway.Ledger.ReadAsync("alice");
        Assert.Equal(0, after.Held);
        Assert.True(after.Settled >= bill, $"{after.Settled} is less than {bill}");
    }
}
