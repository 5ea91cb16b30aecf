using System.Net;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Threats;

/// <summary>
/// Spellings of a path that a filter, routing and an upstream may read differently. Alice has spent her dollar, and what costs money answers under every path:
/// whatever she writes, it must not run for her.
/// </summary>
public sealed class PathTests
{
    private const string OnlyChat = """{"IncludeOnlyPaths":["/v1/chat/completions"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";
    private const string NotHealth = """{"ExcludePaths":["/health","/v1/models"],"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    [Fact]
    public async Task T1_Letter_case_of_a_path_changes_nothing()
    {
        await AssertNonePassesAsync(OnlyChat, "/V1/Chat/Completions", "/V1/CHAT/COMPLETIONS", "/v1/chat/completionS");
        await AssertNonePassesAsync(GuardedApp.OneDollarADay, "/V1/Chat/Completions");
        await AssertAllPassAsync(NotHealth, "/HEALTH", "/Health/ready");
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/api/")]
    public async Task T2_Included_path_means_whole_segments(string included)
    {
        string section = OnlyChat.Replace("/v1/chat/completions", included, StringComparison.Ordinal);
        await AssertNonePassesAsync(section, "/api", "/api/", "/api/echo", "/API/echo");
        await AssertAllPassAsync(section, "/apiary/echo", "/api.echo", "/ap");
    }

    [Fact]
    public async Task T2_Excluded_path_means_whole_segments()
    {
        await AssertNonePassesAsync(NotHealth, "/healthy-llm", "/healthcheck-llm", "/health.llm", "/health;x=1/llm", "/v1/models-llm");
        await AssertAllPassAsync(NotHealth, "/health", "/health/", "/health/live");
    }

    [Fact]
    public async Task T3_Excluded_path_is_no_tunnel()
    {
        await AssertNonePassesAsync(
            NotHealth,
            "/health/../v1/chat/completions",
            "/health/%2e%2e/v1/chat/completions",
            "/health/%2E./v1/chat/completions",
            "/v1/models/%2e%2e/chat/completions",
            "/health/..%2fv1/chat/completions",
            "/health/..%5cv1/chat/completions",
            "/health/..\\v1/chat/completions",
            "/health/..;/v1/chat/completions",
            "/health/%252e%252e/v1/chat/completions",
            "/health/%2e%2e%20/v1/chat/completions",
            "/health/%3F/../../v1/chat/completions",
            "/health%3F/v1/chat/completions",
            "/health/%23/v1/chat/completions");
    }

    [Fact]
    public async Task T4_Trailing_slash_changes_nothing()
    {
        await AssertNonePassesAsync(OnlyChat, "/v1/chat/completions/", "/v1/chat/completions/x");
        await AssertNonePassesAsync(GuardedApp.OneDollarADay, "/v1/chat/completions/");
    }

    [Fact]
    public Task T5_Double_slash_is_no_way_around() => AssertOddSpellingsAsync(
        "/v1//chat/completions", "//v1/chat/completions", "///v1/chat/completions", "/v1/chat/completions//", "/v1/chat//completions");

    [Fact]
    public Task T6_Backslash_is_no_way_around() => AssertOddSpellingsAsync(
        "/v1/chat%5Ccompletions", "/v1/chat%5ccompletions", "/v1\\chat\\completions", "\\v1\\chat\\completions", "/v1/chat%255Ccompletions");

    [Fact]
    public Task T7_Encoded_slash_is_no_way_around() => AssertOddSpellingsAsync(
        "/v1/chat%2Fcompletions", "/v1%2fchat/completions", "/v1%2fchat%2fcompletions", "/%2Fv1/chat/completions", "/v1/chat%252Fcompletions");

    [Fact]
    public Task T8_Double_encoding_is_no_way_around() => AssertOddSpellingsAsync(
        "/v1/%2563hat/completions", "/v1/chat/completion%2573", "/%2576%2531/chat/completions", "/v1/%252563hat/completions");

    [Fact]
    public Task T9_Path_parameters_are_no_way_around() => AssertOddSpellingsAsync(
        "/v1/chat/completions;a=b", "/v1/..;x/chat/completions", "/v1;v=2/chat/completions", "/v1/chat/completions;", "/;/v1/chat/completions",
        "/v1/chat/completions%3Ba=b");

    [Fact]
    public Task T10_Trailing_junk_is_no_way_around() => AssertOddSpellingsAsync(
        "/v1/chat/completions%20", "/v1/chat/completions%09", "/v1/chat/completions%3Fx", "/v1/chat/completions%23x", "/v1/chat/completions#x",
        "/v1/chat/completions%20%20", "/v1/chat%20/completions", "/v1/%20chat/completions", "/%09v1/chat/completions", "/v1/chat/completions.",
        "/v1/chat/completions%2e", "/v1/chat./completions", "/v1/chat/completions%0a", "/v1/chat/completions%0d%0a", "/v1/chat/completions%C2%A0",
        "/v1/chat/completions%E2%80%8B", "/v1/chat/completions%7f", "/v1/chat/completions%c2%85", "/v1/chat/completions?x=1", "/v1/chat/completions?/../../health");

    [Fact]
    public Task T11_Control_and_other_bytes_are_no_way_around() => AssertOddSpellingsAsync(
        "/v1/chat/completions%00", "/v1/chat%00/completions", "/v1/chat/%0acompletions", "/v1/chat/%0dcompletions", "/v1/chat%C0%AFcompletions",
        "/v1/chat/completions%ff", "/v1/chat/completions\u00ff", "/v1/chat/completions\u0080", "/v1/ch\u00e4t/completions", "/v1/chat/completions\u0001");

    [Fact]
    public async Task T12_Absolute_target_and_host_games_change_nothing()
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(OnlyChat, costly);
        await app.ExhaustAsync();
        string host = app.Address.Authority;
        string[] heads =
        [
            $"POST http://{host}/v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n",
            $"POST http://{host}/V1/chat/completions?x=/health HTTP/1.1\r\nHost: {host}\r\n",
            $"POST http://{host}/health/../v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n",
            $"POST http://evil/v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n",
            $"POST http://{host}//v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost/?\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost/health?\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:80@evil\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\nHost:\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\n",
            "POST /v1/chat/completions HTTP/1.0\r\n",
        ];
        foreach (string head in heads)
        {
            int status = await RawHttp.StatusAsync(app.Address, $"{head}Connection: close\r\nX-User-ID: alice\r\nContent-Length: 2\r\n\r\n{{}}");
            Assert.True(status is 400 or 402, $"{status}: {head}");
        }

        Assert.Equal(0, costly.Hits);
    }

    /// <summary>An odd spelling of a guarded path is guarded or refused, whether everything is guarded, only the plain path, or all but others.</summary>
    private static async Task AssertOddSpellingsAsync(params string[] targets)
    {
        await AssertNonePassesAsync(GuardedApp.OneDollarADay, targets);
        await AssertNonePassesAsync(OnlyChat, targets);
        await AssertNonePassesAsync(NotHealth, [.. targets, .. targets.Select(target => "/health/.." + target)]);
    }

    private static async Task AssertNonePassesAsync(string section, params string[] targets)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(section, costly);
        await app.ExhaustAsync();
        List<string> passed = [];
        foreach (string target in targets)
        {
            int before = costly.Hits;
            int status = await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", target));
            if (costly.Hits != before || status is not (>= 400 and < 500))
            {
                passed.Add($"{target} -> {status}");
            }
        }

        Assert.Empty(passed);
        Assert.Equal(0m, (await app.BalanceAsync()).Held);
    }

    private static async Task AssertAllPassAsync(string section, params string[] targets)
    {
        HitCounter costly = new();
        await using GuardedApp app = await StartAsync(section, costly);
        await app.ExhaustAsync();
        foreach (string target in targets)
        {
            Assert.Equal((int)HttpStatusCode.OK, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", target)));
        }

        Assert.Equal(targets.Length, costly.Hits);
    }

    private static Task<GuardedApp> StartAsync(string section, HitCounter costly) =>
        GuardedApp.StartAsync(section, app => app.Map("/{**rest}", costly.RunAsync), setup => setup.UseKestrel = true);
}
