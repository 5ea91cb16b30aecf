using System.Collections.Immutable;
using BudgetGuard.Gateway.Simulation;

namespace BudgetGuard.Gateway.Routing;

/// <summary>Every route there is. What is not here is never forwarded, because nobody would know its price.</summary>
internal static class GatewayRoutes
{
    private const string Models = "/v1beta/models";
    private const string Model = Models + "/{model:modelname}";

    public static ImmutableArray<GatewayRoute> All { get; } =
    [
        Post("/v1/chat/completions", Vendor.OpenAI, "chat_completion", "openai.chat", SimulatedChat.AnswerAsync),
        Post("/v1/completions", Vendor.OpenAI, "text_completion", "openai.completions", SimulatedCompletions.AnswerAsync),
        Post("/v1/responses", Vendor.OpenAI, "response", "openai.responses", SimulatedResponses.AnswerAsync),
        Post("/v1/embeddings", Vendor.OpenAI, "text_embedding", "openai.embeddings", SimulatedEmbeddings.AnswerAsync),
        Post("/v1/images/generations", Vendor.OpenAI, "image_generation", "openai.images", null),
        Post("/v1/images/edits", Vendor.OpenAI, "image_edit", "openai.images", null),
        Post("/v1/images/variations", Vendor.OpenAI, "image_variation", "openai.images", null),
        Post("/v1/audio/speech", Vendor.OpenAI, "speech", "openai.audio.speech", null),
        Post("/v1/audio/transcriptions", Vendor.OpenAI, "transcription", "openai.audio.transcriptions", null),
        Post("/v1/audio/translations", Vendor.OpenAI, "translation", "openai.audio.transcriptions", null),
        Free("POST", "/v1/moderations", Vendor.OpenAI, "moderation", SimulatedModerations.AnswerAsync),
        Free("GET", "/v1/models", Vendor.OpenAI, "list_models", SimulatedModels.ListAsync),
        Free("GET", "/v1/models/{**model:modelpath}", Vendor.OpenAI, "read_model", SimulatedModels.ReadAsync),

        Post("/v1/messages", Vendor.Anthropic, "chat_completion", "anthropic.messages", SimulatedMessages.AnswerAsync),
        Free("POST", "/v1/messages/count_tokens", Vendor.Anthropic, "count_tokens", SimulatedMessages.CountTokensAsync),

        // The model is in the path, and the path tells the guard the API too.
        Post(Model + ":generateContent", Vendor.Gemini, "chat_completion", null, SimulatedGemini.GenerateAsync),
        Post(Model + ":streamGenerateContent", Vendor.Gemini, "chat_completion", null, SimulatedGemini.StreamAsync),
        Post(Model + ":embedContent", Vendor.Gemini, "text_embedding", null, SimulatedGeminiEmbeddings.EmbedAsync),
        Post(Model + ":batchEmbedContents", Vendor.Gemini, "text_embedding", null, SimulatedGeminiEmbeddings.EmbedManyAsync),
        Free("POST", Model + ":countTokens", Vendor.Gemini, "count_tokens", SimulatedGemini.CountTokensAsync),
        Free("GET", Models, Vendor.Gemini, "list_models", SimulatedGeminiModels.ListAsync),
        Free("GET", Model, Vendor.Gemini, "read_model", SimulatedGeminiModels.ReadAsync),
    ];

    private static GatewayRoute Post(string pattern, Vendor vendor, string operation, string? modelApi, RequestDelegate? simulated) =>
        new(HttpMethods.Post, pattern, vendor, operation, modelApi, IsFree: false, simulated);

    private static GatewayRoute Free(string method, string pattern, Vendor vendor, string operation, RequestDelegate simulated) =>
        new(method, pattern, vendor, operation, ModelApi: null, IsFree: true, simulated);
}
