using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;

namespace BudgetGuard.Tests.QuickStart;

/// <summary>A curl call as documentation shows it, and the status that its comment promises.</summary>
internal sealed partial record CurlCall(string Command, string? Comment)
{
    /// <summary>The calls of a page that show headers (<c>-i</c>), in their order.</summary>
    public static ImmutableArray<CurlCall> Of(string page) =>
    [
        .. File.ReadLines(Path.Combine(SharedData.RepositoryRoot, page)).Select(line => line.Trim())
            .Where(line => line.StartsWith("curl -i ", StringComparison.Ordinal))
            .Select(line => line.Split(" # ") is [var command, var comment] ? new CurlCall(Spaces().Replace(command.Trim(), " "), comment) : new CurlCall(Spaces().Replace(line, " "), null)),
    ];

    public HttpRequestMessage ToRequest()
    {
        HttpRequestMessage request = new() { Method = HttpMethod.Get };
        List<(string Name, string Value)> headers = [];
        string[] words = [.. Word().Matches(Command).Skip(1).Select(match => match.Value.Trim('\''))];
        for (int i = 0; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "-i":
                    break;
                case "-X":
                    request.Method = new HttpMethod(words[++i]);
                    break;
                case "-H":
                    string[] header = words[++i].Split(": ");
                    headers.Add((header[0], header[1]));
                    break;
                case "-d":
                    request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(words[++i]));
                    request.Method = HttpMethod.Post;
                    break;
                default:
                    Assert.StartsWith("localhost:5080/", words[i], StringComparison.Ordinal);
                    request.RequestUri = new Uri("http://" + words[i]);
                    break;
            }
        }

        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value) || request.Content!.Headers.TryAddWithoutValidation(name, value));
        }

        return request;
    }

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"'[^']*'|\S+")]
    private static partial Regex Word();
}
