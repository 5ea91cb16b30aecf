using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Gateway.Tests.Docs;

/// <summary>What the README says to do with a gateway that has no configuration is done, on a port of its own.</summary>
public sealed partial class ReadmeTests
{
    /// <summary>Only a program that hangs meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [Fact]
    public async Task Curl_calls_are_answered_as_their_comments_say()
    {
        await using WebApplication gateway = await StartAsync();
        using HttpClient client = new() { BaseAddress = new Uri(gateway.Urls.First()) };
        Match[] calls = CurlCall().Matches(Text).ToArray();
        Assert.Equal(2, calls.Length);
        foreach (Match call in calls)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, call.Groups["path"].Value)
            {
                Headers = { { "X-User-ID", call.Groups["user"].Value } },
                Content = new StringContent(call.Groups["body"].Value, Encoding.UTF8, "application/json"),
            };
            using HttpResponseMessage answer = await client.SendAsync(request);
            Assert.Equal(int.Parse(call.Groups["status"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), (int)answer.StatusCode);
            Assert.Equal(answer.IsSuccessStatusCode, answer.Headers.Contains("X-BudgetGuard-Budget"));
        }
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("@anthropic-ai/sdk")]
    public async Task Program_for_node_prints_the_answer(string package)
    {
        await using WebApplication gateway = await StartAsync();
        string code = Assert.Single(Script().Matches(Text).Select(match => match.Groups["code"].Value), code => code.Contains($"from \"{package}\"", StringComparison.Ordinal));
        string answer = await RunAsync(code.Replace("http://127.0.0.1:5080", gateway.Urls.First(), StringComparison.Ordinal));
        Assert.StartsWith("[simulated] ", answer, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync()
    {
        WebApplication gateway = GatewayApp.Build(["--urls", "http://127.0.0.1:0", "--contentRoot", AppContext.BaseDirectory]);
        await gateway.StartAsync();
        return gateway;
    }

    private static async Task<string> RunAsync(string code)
    {
        ProcessStartInfo start = new("node", ["--input-type=module", "--eval", code])
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests", "BudgetGuard.Gateway.Tests", "Node"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Patience);

            // Warnings too, as of a deprecated model: nobody should begin with one.
            Assert.Equal("", await errors);
            Assert.Equal(0, process.ExitCode);
            return await output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    [GeneratedRegex(@"curl -i localhost:5080(?<path>/v1\S+) -H 'X-User-ID: (?<user>\w+)'.*?-d '(?<body>[^']+)'\s+# (?<status>\d{3})", RegexOptions.Singleline)]
    private static partial Regex CurlCall();

    [GeneratedRegex(@"^```js\r?\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Script();
}
