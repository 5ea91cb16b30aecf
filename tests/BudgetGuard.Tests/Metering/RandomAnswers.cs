using System.Text;

namespace BudgetGuard.Tests.Metering;

/// <summary>Chat answers with texts, nesting and white space of every kind around one usage block of 1000 in and 50 out.</summary>
internal static class RandomAnswers
{
    public const string Usage = """{"prompt_tokens":1000,"completion_tokens":50,"total_tokens":1050}""";

    private static readonly string[] Fragments =
    [
        "plain words ", "\\\"", "\\\\", "\\n", "\\u00e9", "é€", "\\\"usage\\\":{\\\"prompt_tokens\\\":1}", "{", "}", "[", "]", ",", ":", "\\/",
    ];

    public static string Make(Random random, int size = 20)
    {
        var members = new List<string>
        {
            $"\"model\":\"m-{random.Next(10)}\"",
            $"\"choices\":{Value(random, 4, size)}",
            $"\"usage\":{Usage}",
            $"\"note\":\"{Text(random, size)}\"",
            $"\"created\":{random.Next()}",
            "\"error\":null",
        };
        var order = members.ToArray();
        random.Shuffle(order);
        var space = random.Next(3) switch { 0 => string.Empty, 1 => " ", _ => "\r\n\t" };
        return space + "{" + space + string.Join(space + "," + space, order) + space + "}" + space;
    }

    private static string Value(Random random, int depth, int size) => random.Next(depth > 0 ? 5 : 3) switch
    {
        0 => $"\"{Text(random, size)}\"",
        1 => random.Next(2) == 0 ? "-12.5e-3" : "null",
        2 => "true",
        3 => "[" + string.Join(" ,", Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth - 1, size))) + "]",
        _ => "{" + string.Join(",", Enumerable.Range(0, random.Next(4)).Select(i => $"\"usage{(i == 0 ? string.Empty : i)}\" : {Value(random, depth - 1, size)}")) + "}",
    };

    private static string Text(Random random, int size)
    {
        var text = new StringBuilder();
        for (var i = random.Next(size); i > 0; i--)
        {
            text.Append(Fragments[random.Next(Fragments.Length)]);
        }

        return text.ToString();
    }
}
