using System.ClientModel;
using BudgetGuard.Gateway.Tests.Rig;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>What else programs do with OpenAI's package.</summary>
public sealed class OpenAISdkTests : GatewayTests
{
    [Fact]
    public async Task Embedding_is_answered_and_charged()
    {
        GatewayUnderTest gateway = await StartAsync();
        EmbeddingClient client = new(Tariff.Chalk, new ApiKeyCredential("any"), OpenAISdk.Options(gateway.Address));
        OpenAIEmbedding embedding = await client.GenerateEmbeddingAsync("hello");
        Assert.Equal(2, embedding.ToFloats().Length);
        await gateway.QuietAsync();
        Assert.Equal(Provider.Bill, await gateway.SettledAsync("anonymous"));
    }

    [Fact]
    public async Task Stream_that_is_left_is_charged_and_cancelled_upstream()
    {
        GatewayUnderTest gateway = await StartAsync();
        Provider.Default = new Script { Tokens = 1000, BeforeEvent = Script.Gate(10, new TaskCompletionSource().Task) };
        int updates = 0;
        await foreach (StreamingChatCompletionUpdate update in OpenAISdk.Client(gateway.Address, "any").CompleteChatStreamingAsync([new UserChatMessage("hello")]))
        {
            if (++updates == 5)
            {
                break;
            }
        }

        ProviderCall call = await Provider.ArrivedAsync();
        await call.Cancelled.WaitAsync(FakeProvider.Patience);
        Assert.InRange(call.Tokens, 4, 10);
    }

    [Fact]
    public async Task Call_that_its_caller_cancels_is_cancelled_upstream()
    {
        GatewayUnderTest gateway = await StartAsync();
        Provider.Default = new Script { BeforeEvent = Script.Gate(0, new TaskCompletionSource().Task) };
        using CancellationTokenSource leaves = new();
        Task<ClientResult<ChatCompletion>> answer = OpenAISdk.Client(gateway.Address, "any").CompleteChatAsync([new UserChatMessage("hello")], cancellationToken: leaves.Token);
        ProviderCall call = await Provider.ArrivedAsync();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await call.Cancelled.WaitAsync(FakeProvider.Patience);
        Assert.Equal(1, gateway.Watch.Begun);
    }
}
