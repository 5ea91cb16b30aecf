using BudgetGuard.Gateway.Tests.Rig;

namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>The vendors' own client libraries, for .NET and for Node, against the gateway: they are answered, wait and are refused as by the vendor itself.</summary>
public sealed class SdkTests : GatewayTests
{
    private const string Key = "sk-alice-0001";

    private static readonly Dictionary<string, string?> Keys = new() { ["Gateway:Keys:0:Key"] = Key, ["Gateway:Keys:0:User"] = "alice" };

    public static TheoryData<string, bool> Sdks()
    {
        TheoryData<string, bool> all = [];
        foreach (string sdk in (string[])["OpenAI", "Anthropic", "openai for Node", "@anthropic-ai/sdk for Node"])
        {
            all.Add(sdk, true);
            all.Add(sdk, false);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Sdks))]
    public async Task Allowed_call_is_answered_and_charged_to_the_owner_of_the_key(string sdk, bool isStream)
    {
        GatewayUnderTest gateway = await StartAsync(settings: Keys);
        Provider.Default = new Script { Tokens = 30, Seed = 7 };
        SdkOutcome outcome = await Of(sdk).AskAsync(gateway.Address, Key, "hello", isStream);
        await gateway.QuietAsync();
        Assert.Null(outcome.Error);
        Assert.Equal(new Words(7).Next(30), outcome.Text);
        Assert.Equal(30, outcome.OutputTokens);
        Assert.Equal(Provider.Bill, await gateway.SettledAsync("alice"));
        Assert.Equal(1, Provider.Hits);
    }

    [Theory]
    [MemberData(nameof(Sdks))]
    public async Task T214_Rejected_call_is_the_sdks_own_error_after_one_call(string sdk, bool isStream)
    {
        GatewayUnderTest gateway = await StartAsync("""{"Budgets":{"own":{"Limit":0.6,"Period":"Total","Per":["User"],"OnExceeded":"Reject"}}}""", Keys);
        await SpendAsync(gateway, 0.6m);
        SdkOutcome outcome = await Of(sdk).AskAsync(gateway.Address, Key, "hello", isStream);
        Assert.Equal(1, gateway.Watch.Begun);
        Assert.Equal(0, Provider.Hits);
        Assert.Equal(402, outcome.Status);
        Assert.Equal(Refused(sdk), outcome.Error);
        Assert.Contains("budget", outcome.Code + outcome.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(Sdks))]
    public async Task T214_Throttled_call_waits_as_told_and_is_answered(string sdk, bool isStream)
    {
        GatewayUnderTest gateway = await StartAsync(
            """{"Budgets":{"own":{"Limit":1000,"Period":"Total","Per":["User"]},"slots":{"Concurrency":1,"Per":["User"],"OnExceeded":"Throttle"}}}""", Keys);
        TaskCompletionSource frees = new(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Watch.OnAnswer = status => _ = status == 429 && frees.TrySetResult();
        Provider.Next(new Script { BeforeEvent = Script.Gate(0, frees.Task) });
        Task<SdkOutcome> first = Of(sdk).AskAsync(gateway.Address, Key, "first", isStream: false);
        await Provider.ArrivedAsync();
        SdkOutcome second = await Of(sdk).AskAsync(gateway.Address, Key, "second", isStream);
        Assert.Null((await first).Error);
        Assert.Null(second.Error);
        Assert.Equal(2, Provider.Hits);
        await gateway.QuietAsync();
        Assert.Equal([200, 200, 429], gateway.Watch.Statuses.Order());
    }

    [Theory]
    [InlineData("OpenAI")]
    [InlineData("Anthropic")]
    [InlineData("openai for Node")]
    [InlineData("@anthropic-ai/sdk for Node")]
    public async Task Stream_whose_budget_is_used_up_ends_for_the_sdk(string sdk)
    {
        GatewayUnderTest gateway = await StartAsync("""{"Budgets":{"own":{"Limit":0.05,"Period":"Total","Per":["User"],"OnExceeded":"Reject"}}}""", Keys);
        ReadAhead ahead = new(12);
        gateway.Watch.Ahead = ahead;
        Provider.Default = new Script { Tokens = 20_000, ReadAhead = ahead };
        SdkOutcome outcome = await Of(sdk).AskAsync(gateway.Address, Key, "hello", isStream: true);
        await gateway.QuietAsync();
        Assert.InRange(outcome.Text.Length, 2_000, 20_000);
        Assert.Null(outcome.OutputTokens);
        Assert.Equal(1, gateway.Watch.Begun);

        // The package OpenAI for .NET passes over error events, whoever sends them: its stream ends without usage.
        Assert.Equal(sdk switch { "OpenAI" => null, "Anthropic" => "AnthropicSseException", _ => "APIError" }, outcome.Error);
        if (outcome.Error is not null)
        {
            Assert.Contains("budget", outcome.Message, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static ISdk Of(string sdk) => sdk switch
    {
        "OpenAI" => new OpenAISdk(),
        "Anthropic" => new AnthropicSdk(),
        "openai for Node" => new NodeSdk("openai"),
        _ => new NodeSdk("anthropic"),
    };

    private static string Refused(string sdk) => sdk switch
    {
        "OpenAI" => "ClientResultException",
        "Anthropic" => "AnthropicPaymentRequiredException",
        "openai for Node" => "APIError",
        _ => "PaymentRequiredError",
    };

    private static async Task SpendAsync(GatewayUnderTest gateway, decimal usd)
    {
        await using BudgetLease lease = await gateway.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = usd });
        Assert.True(lease.IsAllowed);
        lease.ReportCost(usd);
    }
}
