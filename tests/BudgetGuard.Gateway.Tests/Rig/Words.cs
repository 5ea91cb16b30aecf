using System.Text;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Tokens of random length, of one to eight bytes and about four on average; some would end a string, an event or a document if they were not escaped.</summary>
internal sealed class Words(int seed)
{
    private static readonly string[] Odd =
        ["\"", "\\", "\n", "\n\n", "{", "}]", "data:", "\"usage\"", "usage", "[DONE]", "é", "ß", "漢", "字", "😀", "—", "\u2028", " ", "\t", ":"];

    private readonly Random _random = new(seed);

    public string Next()
    {
        if (_random.Next(5) == 0)
        {
            return Odd[_random.Next(Odd.Length)];
        }

        StringBuilder word = new();
        for (int length = _random.Next(1, 9); length > 0; length--)
        {
            word.Append((char)('a' + _random.Next(26)));
        }

        return word.ToString();
    }

    public string Next(int count)
    {
        StringBuilder text = new();
        for (int i = 0; i < count; i++)
        {
            text.Append(Next());
        }

        return text.ToString();
    }
}
