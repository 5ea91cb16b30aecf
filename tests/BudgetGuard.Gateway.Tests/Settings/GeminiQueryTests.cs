using BudgetGuard.Gateway.Forwarding;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Gateway.Tests.Settings;

/// <summary>What of a Gemini caller's query goes on to the provider.</summary>
public sealed class GeminiQueryTests
{
    [Theory]
    [InlineData("", "", null)]
    [InlineData("?alt=sse", "?alt=sse", null)]
    [InlineData("?key=abc", "", "abc")]
    [InlineData("?key=abc&alt=sse", "?alt=sse", "abc")]
    [InlineData("?alt=sse&KEY=a%2Bb&x=%20y", "?alt=sse&x=%20y", "a+b")]
    [InlineData("?%6bey=abc&alt=sse", "?alt=sse", "abc")]
    [InlineData("?access_token=t&oauth_token=u&alt=sse", "?alt=sse", null)]
    [InlineData("?%24httpHeaders=x&$httpMethod=GET&$alt=sse", "?$alt=sse", null)]
    [InlineData("?key&alt=sse", "?alt=sse", null)]
    public void Secrets_are_taken_out_and_the_rest_stays_as_it_was(string query, string kept, string? key)
    {
        QueryString rest = GeminiQuery.WithoutSecrets(new QueryString(query), out string? found);
        Assert.Equal((kept, key), (rest.Value ?? "", found));
    }
}
