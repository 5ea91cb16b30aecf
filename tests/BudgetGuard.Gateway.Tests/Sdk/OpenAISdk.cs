using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;

namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>The package OpenAI for .NET.</summary>
public sealed class OpenAISdk : ISdk
{
    public static ChatClient Client(Uri gateway, string key) => new(Rig.Tariff.Quill, new ApiKeyCredential(key), Options(gateway));

    public static OpenAIClientOptions Options(Uri gateway) => new() { Endpoint = new Uri(gateway, "v1"), RetryPolicy = new ClientRetryPolicy(maxRetries: 5) };

    public async Task<SdkOutcome> AskAsync(Uri gateway, string key, string prompt, bool isStream)
    {
        ChatClient client = Client(gateway, key);
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 32000 };
        StringBuilder text = new();
        long? tokens = null;
        try
        {
            if (!isStream)
            {
                ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage(prompt)], options);
                return new SdkOutcome(answer.Content[0].Text, OutputTokens: answer.Usage.OutputTokenCount);
            }

            await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync([new UserChatMessage(prompt)], options))
            {
                foreach (ChatMessageContentPart part in update.ContentUpdate)
                {
                    text.Append(part.Text);
                }

                tokens = update.Usage?.OutputTokenCount ?? tokens;
            }

            return new SdkOutcome(text.ToString(), OutputTokens: tokens);
        }
        catch (ClientResultException refused)
        {
            string? body = refused.GetRawResponse()?.Content.ToString();
            string? code = string.IsNullOrEmpty(body) || body[0] != '{' ? null : (string?)JsonNode.Parse(body)?["error"]?["code"];
            return new SdkOutcome(text.ToString(), nameof(ClientResultException), refused.Status, code, refused.Message);
        }
    }
}
