using System.Text;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;

namespace BudgetGuard.Tests.Estimation;

/// <summary>What the bodies of APIs say that are not like OpenAI's chat.</summary>
public sealed class NewApiRequestTests
{
    [Theory]
    [InlineData("ollama.chat", null, """{"model":"llama3","messages":[{"role":"user","content":"hi"}],"options":{"num_predict":50,"seed":1}}""", 50, true)]
    [InlineData("ollama.chat", null, """{"model":"llama3","messages":[],"options":{"num_predict":-1},"stream":false}""", null, false)]
    [InlineData("ollama.generate", null, """{"model":"llama3","prompt":"hi","max_tokens":1}""", null, true)]
    [InlineData("ollama.embed", null, """{"model":"all-minilm","input":["hi"]}""", 0, false)]
    [InlineData("cohere.chat", null, """{"model":"command-a","messages":[],"max_tokens":7,"stream":true}""", 7, true)]
    [InlineData("cohere.embed", null, """{"model":"embed-v4.0","texts":["hi"]}""", 0, false)]
    [InlineData("cohere.rerank", null, """{"model":"rerank","query":"q","documents":["a"]}""", 0, false)]
    [InlineData("bedrock.invoke", "anthropic.claude-3-haiku", """{"max_tokens":9,"messages":[]}""", 9, false)]
    [InlineData("bedrock.invoke", "anthropic.claude-3-haiku", """{"max_gen_len":1,"messages":[]}""", null, false)]
    [InlineData("bedrock.invoke", "us.meta.llama3-70b-instruct-v1:0", """{"prompt":"hi","max_gen_len":9}""", 9, false)]
    [InlineData("bedrock.invoke", "us.meta.llama3-70b-instruct-v1:0", """{"prompt":"hi","max_tokens":1}""", null, false)]
    [InlineData("bedrock.invoke", "amazon.titan-text-express-v1", """{"inputText":"hi","textGenerationConfig":{"maxTokenCount":9}}""", 9, false)]
    [InlineData("bedrock.invoke", "amazon.nova-lite-v1:0", """{"messages":[],"inferenceConfig":{"max_new_tokens":9}}""", 9, false)]
    [InlineData("bedrock.invoke", "mistral.mistral-large", """{"prompt":"hi","max_tokens":9}""", 9, false)]
    [InlineData("bedrock.invoke", "arn:aws:bedrock:us-east-1:1:application-inference-profile/x", """{"max_tokens":1}""", null, false)]
    [InlineData("bedrock.invoke", "amazon.titan-embed-text-v2:0", """{"inputText":"hi"}""", 0, false)]
    [InlineData("openai.images", null, """{"model":"gpt-image-1","prompt":"hi","n":2,"quality":"low","stream":true}""", 1416, false)]
    [InlineData("openai.images", null, """{"model":"gpt-image-1","prompt":"hi"}""", 6540, false)]
    [InlineData("openai.images", null, """{"model":"gpt-image-2","prompt":"hi","size":"3072x2048"}""", 25260, false)]
    [InlineData("openai.audio.speech", null, """{"model":"gpt-4o-mini-tts","input":"hello","voice":"a"}""", 118, false)]
    [InlineData("openai.moderations", null, """{"input":"hi"}""", 0, false)]
    [InlineData("gemini.caches", null, """{"model":"models/gemini-2.5-flash","contents":[{"parts":[{"text":"hi"}]}]}""", 0, false)]
    [InlineData("gemini.embed", "gemini-embedding-001", """{"content":{"parts":[{"text":"hi"}]}}""", 0, false)]
    [InlineData("count_tokens", "g", """{"contents":[{"parts":[{"text":"hi"}]}],"n":"x"}""", 0, false)]
    public void Body_gives_the_bound_of_the_output_and_whether_it_is_streamed(string api, string? fromPath, string body, int? output, bool isStream)
    {
        var known = ModelApis.Find(api)!;
        Assert.Null(ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(body), known, fromPath, out var request));
        Assert.Equal(output, (int?)TokenBound.Output(request!, known));
        Assert.Equal(isStream, request!.Stream);
    }

    [Theory]
    [InlineData("cohere.rerank", """{"model":"r","query":"12345","documents":["1234567890",{"text":"12345"}]}""")]
    [InlineData("cohere.chat", """{"model":"r","message":"12345","chat_history":[{"role":"USER","message":"123456789012345"}]}""")]
    [InlineData("ollama.generate", """{"model":"r","prompt":"12345","system":"1234567890","suffix":"12345"}""")]
    [InlineData("bedrock.invoke", """{"prompt":"12345678901234567890"}""")]
    [InlineData("openai.images", """{"prompt":"12345678901234567890"}""")]
    [InlineData("openai.audio.speech", """{"input":"1234567890","instructions":"1234567890"}""")]
    public void Text_is_counted_wherever_it_stands(string api, string body)
    {
        Assert.Null(ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(body), ModelApis.Find(api)!, null, out var request));
        Assert.InRange(request!.TextBytes, 20, 60);
    }

    [Fact]
    public void Images_for_Ollama_are_images()
    {
        var png = Convert.ToBase64String([0x89, .. "PNG\r\n"u8, .. new byte[100]]);
        Assert.Null(ModelRequestReader.TryRead(
            Encoding.UTF8.GetBytes($$"""{"model":"llava","messages":[{"role":"user","content":"hi","images":["{{png}}"]}]}"""), ModelApis.OllamaChat, null, out var request));
        Assert.Equal(1, request!.Images);
    }

    [Theory]
    [InlineData("""{"model":"a","model":"b"}""")]
    [InlineData("""{"model":"a","options":{"num_predict":1,"num_predict":2}}""")]
    [InlineData("""{"model":"a","options":{"num_predict":-3}}""")]
    public void Body_with_two_readings_is_refused(string body) =>
        Assert.Equal(400, ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(body), ModelApis.OllamaChat, null, out _)?.Status);
}
