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
    [InlineData("/run/v1/responses", "GET", Upgrade, 400)]
    [InlineData("/run/v1/chat/completions", "GET", Upgrade, 400)]
    [InlineData("/run/v1/chat/completions", "POST", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", 400)]
    [InlineData("/run/hub", "GET", Upgrade, 200)]
    public async Task T217_Upgrade_of_a_metered_path_is_refused(string path, string method, string headers, int status)
    {
        int hits = 0;
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            map => map.Map("/run/{**rest}", (HttpContext context) => { hits++; return Task.CompletedTask; }),
            setup => setup.UseKestrel = true);
        string answer = await RawHttp.SendAsync(app.Address, RawHttp.Request(method, path, headers, method == "POST" ? """{"model":"gpt-4o","messages":[]}""" : ""));
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? 1 : 0, hits);
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
    }
}
