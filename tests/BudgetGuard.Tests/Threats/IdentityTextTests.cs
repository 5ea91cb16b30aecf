using System.Net;
using System.Text;
using BudgetGuard.Tests.Rig;
using CsCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Threats;

/// <summary>What identities are spelt with: compared byte for byte, refused where they cannot be shown.</summary>
public sealed class IdentityTextTests
{
    private const string PerUserAndModel = """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User","Model","Operation"]}}}""";

    [Fact]
    public async Task T35_Names_with_a_long_common_start_are_different_payers()
    {
        string start = new('k', 250);
        await using GuardedApp app = await StartAsync();
        foreach (string key in (string[])[start + "-alice", start + "-bobby", start])
        {
            Assert.Equal(0m, (await app.BalanceAsync(key)).Settled);
            using HttpResponseMessage first = await app.SendAsync(HttpMethod.Post, "/api/run", key);
            using HttpResponseMessage second = await app.SendAsync(HttpMethod.Post, "/api/run", key);
            Assert.Equal(0.02m, (await app.BalanceAsync(key)).Settled);
        }
    }

    [Theory]
    [InlineData("alice", "Alice")]
    [InlineData("alice", "alice ")]
    [InlineData("alice", "\uff41lice")]
    [InlineData("caf\u00e9", "cafe\u0301")]
    [InlineData("\u212a", "K")]
    [InlineData("\u212a", "k")]
    [InlineData("stra\u00dfe", "strasse")]
    [InlineData("\u0131", "i")]
    [InlineData("\u0430lice", "alice")]
    public async Task T37_Names_that_only_look_alike_are_different_payers(string one, string other)
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            app => app.MapPost("/api/run", () => "done").WithCost(0.60m),
            setup => setup.Guard = guard => guard.UseUserExtractor(context => Uri.UnescapeDataString(context.Request.QueryString.Value![1..])));

        foreach (string user in (string[])[one, other])
        {
            using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run?" + Uri.EscapeDataString(user), user: null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(0.60m, (await app.BalanceAsync(one)).Settled);
        Assert.Equal(0.60m, (await app.BalanceAsync(other)).Settled);
    }

    [Fact]
    public async Task T38_Names_with_control_or_format_characters_are_refused()
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.MapPost("/api/run", costly.RunAsync), setup => setup.UseKestrel = true);
        string[] odd =
        [
            .. Enumerable.Range(0x01, 0x1F).Where(code => code is not '\r' and not '\n').Append(0x7F).Select(code => $"a{(char)code}b"),
            "a\u001b[31mb", "a\u0085b", "a\u2028b", "a\u2029b", "a\u202eb", "a\u200bb", "a\ufeffb", "a\u0000b", "a\rb", "a\nb",
        ];
        foreach (string user in odd)
        {
            string bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(user));
            string answer = await RawHttp.SendAsync(app.Address, RawHttp.Request("POST", "/api/run", $"X-User-ID: {bytes}\r\n"));
            Assert.Equal([400], RawHttp.Statuses(answer));
            Assert.DoesNotContain('\u001b', answer);
        }

        Assert.Equal(0, costly.Hits);
    }

    [Theory]
    [InlineData("team")]
    [InlineData("key")]
    [InlineData("tag")]
    [InlineData("operation")]
    [InlineData("model")]
    public async Task T38_Every_other_name_is_held_to_the_same_rule(string which)
    {
        HitCounter costly = new();
        const string odd = "a\u001b[31mb";
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay,
            app => app.MapPost("/api/run", costly.RunAsync),
            setup => setup.Guard = guard => guard
                .UseUserExtractor(_ => new BudgetSubject("alice")
                {
                    Team = which == "team" ? odd : null,
                    ApiKeyId = which == "key" ? odd : null,
                    Tags = which == "tag" ? new Dictionary<string, string> { ["Project"] = odd } : null,
                })
                .UseOperationExtractor(_ => which == "operation" ? odd : null)
                .UseModelExtractor(_ => which == "model" ? odd : null));

        using HttpResponseMessage answer = await app.SendAsync(HttpMethod.Post, "/api/run");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(0, costly.Hits);
    }

    [Theory]
    [InlineData(256, 200)]
    [InlineData(257, 400)]
    [InlineData(8 * 1024, 400)]
    [InlineData(31 * 1024, 400)]
    public async Task T39_Oversized_name_is_refused(int length, int status)
    {
        HitCounter costly = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            GuardedApp.OneDollarADay, app => app.MapPost("/api/run", costly.RunAsync), setup => setup.UseKestrel = true);

        string name = new('a', length);
        string answer = await RawHttp.SendAsync(app.Address, RawHttp.Request("POST", "/api/run", $"X-User-ID: {name}\r\n"));
        Assert.Equal([status], RawHttp.Statuses(answer));
        Assert.Equal(status == 200 ? 1 : 0, costly.Hits);
        Assert.DoesNotContain(name, answer, StringComparison.Ordinal);

        answer = await RawHttp.SendAsync(app.Address, RawHttp.Request("POST", "/api/run", $"X-Model: {name}\r\n"));
        Assert.Equal([status], RawHttp.Statuses(answer));
    }

    [Fact]
    public async Task T40_Client_text_forges_no_log_line()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"EnableRequestLogging":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""",
            app => app.Map("/{**rest}", () => "done"),
            setup =>
            {
                setup.UseKestrel = true;
                setup.LogLevel = LogLevel.Trace;
                setup.Guard = guard => guard
                    .UseUserExtractor(context => Query(context.Request, "user"))
                    .UseModelExtractor(context => Query(context.Request, "model"));
            });

        const string forged = "%0Ainfo%3A%20budget%20raised%1B%5B31m";
        Assert.Equal(400, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run?user=alice" + forged)));
        Assert.Equal(400, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run?model=gpt" + forged)));
        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/api/run" + forged)));
        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("POST", "/health" + forged)));
        Assert.Equal(200, await RawHttp.StatusAsync(app.Address, RawHttp.Request("OPTIONS", "/api" + forged)));

        var own = app.Logs.GetSnapshot().Where(record => record.Category!.StartsWith("BudgetGuard", StringComparison.Ordinal)).ToList();
        Assert.All(own, record => Assert.DoesNotContain('\u001b', record.Message));
        Assert.All(own, record => Assert.DoesNotContain('\n', record.Message));
        Assert.Equal(2, own.Count(record => record.Id.Name == "RequestRefused"));
        Assert.Equal(2, own.Count(record => record.Id.Name == "RequestDone"));
        Assert.Equal(1, own.Count(record => record.Id.Name == "NotGuarded"));
    }

    [Theory]
    [InlineData("a:b", "c", "a", "b:c")]
    [InlineData("a|b", "c", "a", "b|c")]
    [InlineData("a/b", "c", "a", "b/c")]
    [InlineData("a#b", "c", "a", "b#c")]
    [InlineData("a,b", "c", "a", "b,c")]
    [InlineData("a;b", "c", "a", "b;c")]
    [InlineData("a b", "c", "a", "b c")]
    [InlineData("{a}", "b", "{a", "}b")]
    [InlineData("a", "", "", "a")]
    [InlineData("ab", "c", "a", "bc")]
    [InlineData("a*", "b", "aa", "b")]
    public async Task T45_Delimiters_in_names_never_merge_two_accounts(string user, string model, string otherUser, string otherModel)
    {
        await using GuardedApp app = await StartAsync(PerUserAndModel);
        BudgetRequest one = RequestOf(user, model, "x");
        BudgetRequest other = RequestOf(otherUser, otherModel, "x");

        await SpendAsync(app, one);
        Assert.Equal(1.00m, await SettledAsync(app, one));
        Assert.Equal(0m, await SettledAsync(app, other));
        await SpendAsync(app, other);
    }

    [Fact]
    public async Task T45_Different_names_never_share_an_account()
    {
        await using GuardedApp app = await StartAsync(PerUserAndModel);
        Gen<string> text = Gen.String[Gen.Char[":|/#,;{}ab "], 1, 4].Where(name => !string.IsNullOrWhiteSpace(name));
        HashSet<(string, string, string)> seen = [];
        await Gen.Select(text, text, text).SampleAsync(
            async triple =>
            {
                BudgetRequest request = RequestOf(triple.Item1, triple.Item2, triple.Item3);
                if (seen.Add(triple))
                {
                    Assert.Equal(0m, await SettledAsync(app, request));
                    await SpendAsync(app, request);
                }

                Assert.Equal(1.00m, await SettledAsync(app, request));
            },
            iter: 2000,
            threads: 1);
    }

    private static string? Query(Microsoft.AspNetCore.Http.HttpRequest request, string name) => request.Query[name] is [{ } value] ? value : null;

    private static BudgetRequest RequestOf(string user, string model, string operation) =>
        new() { Subject = user, Model = model.Length == 0 ? null : model, Operation = operation, Estimate = 1.00m };

    private static async Task SpendAsync(GuardedApp app, BudgetRequest request)
    {
        await using BudgetLease lease = await app.Guard.BeginAsync(request);
        Assert.True(lease.IsAllowed);
    }

    private static async Task<decimal> SettledAsync(GuardedApp app, BudgetRequest request) =>
        Assert.Single(await app.Guard.ReadAsync(request)).Settled;

    private static Task<GuardedApp> StartAsync(string section = GuardedApp.OneDollarADay) =>
        GuardedApp.StartAsync(section, app => app.MapPost("/api/run", () => "done"));
}
