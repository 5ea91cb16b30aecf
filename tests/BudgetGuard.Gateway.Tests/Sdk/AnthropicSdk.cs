using System.Text;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace BudgetGuard.Gateway.Tests.Sdk;

/// <summary>The package Anthropic for .NET.</summary>
public sealed class AnthropicSdk : ISdk
{
    public async Task<SdkOutcome> AskAsync(Uri gateway, string key, string prompt, bool isStream)
    {
        AnthropicClient client = new() { BaseUrl = gateway.ToString().TrimEnd('/'), ApiKey = key, MaxRetries = 5 };
        MessageCreateParams parameters = new() { MaxTokens = 32000, Model = Rig.Tariff.Quill, Messages = [new UserMessageParam(prompt)] };
        StringBuilder text = new();
        long? tokens = null;
        try
        {
            if (!isStream)
            {
                Message answer = await client.Messages.Create(parameters);
                return new SdkOutcome(answer.Content[0].TryPickText(out TextBlock? block) ? block.Text : "", OutputTokens: answer.Usage.OutputTokens);
            }

            await foreach (RawMessageStreamEvent next in client.Messages.CreateStreaming(parameters))
            {
                if (next.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? more))
                {
                    text.Append(more.Text);
                }

                if (next.TryPickDelta(out RawMessageDeltaEvent? end))
                {
                    tokens = end.Usage.OutputTokens;
                }
            }

            return new SdkOutcome(text.ToString(), OutputTokens: tokens);
        }
        catch (AnthropicException refused)
        {
            AnthropicApiException? answered = refused as AnthropicApiException;
            return new SdkOutcome(text.ToString(), refused.GetType().Name, (int?)answered?.StatusCode, answered?.ResponseBody, refused.Message);
        }
    }
}
