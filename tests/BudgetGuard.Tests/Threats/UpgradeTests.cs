using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>What leaves HTTP cannot be metered: on a metered path it is refused, elsewhere it is a request as any other.</summary>
public sealed class UpgradeTests
{
    private const string Upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    [Theory]
    [InlineData("/run/v1/responses", Upgrade, 400)]
    [InlineData("/run/v1/chat/completions", Upgrade, 400)]
    [InlineData("/run/hub", Upgrade, 200)]
    public async Task T217_Upgrade_of_a_metered_path_is_refused(string path, string headers, int status)
    {
        int hits = 0;
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            map => map.Map("/run/{**rest}", (HttpContext context) => { hits++; return Task.CompletedTask; }),
            setup => setup.UseKestrel = true);
        string answer = await RawHttp.SendAsync(app.Address, RawHttp.Request("GET", path, headers, ""));
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? 1 : 0, hits);
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
    }
}
