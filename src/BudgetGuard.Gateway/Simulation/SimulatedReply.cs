using System.Globalization;
using System.Text;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>What the simulated model says: made from the request alone, in pieces that are one token each.</summary>
internal sealed class SimulatedReply
{
    private const string Label = "[simulated] ";
    private const int MostQuoted = 200;
    private const int CharactersPerToken = 4;

    private SimulatedReply(IReadOnlyList<string> pieces, bool isCut)
    {
        Pieces = pieces;
        IsCut = isCut;
    }

    /// <summary>The text, a token a piece.</summary>
    public IReadOnlyList<string> Pieces { get; }

    /// <summary>True if the output bound ended it.</summary>
    public bool IsCut { get; }

    public int Tokens => Pieces.Count;

    public string Text => string.Concat(Pieces);

    public static SimulatedReply To(SimulatedCall call, int? maxTokens)
    {
        string text = Label + "No model was asked and nothing was billed. You said: " + Quote(call.Prompt.Last);
        List<string> pieces = [];
        StringBuilder piece = new();
        foreach (string element in Elements(text))
        {
            piece.Append(element);
            if (piece.Length >= CharactersPerToken)
            {
                pieces.Add(piece.ToString());
                piece.Clear();
            }
        }

        if (piece.Length > 0)
        {
            pieces.Add(piece.ToString());
        }

        return maxTokens is { } most && most < pieces.Count ? new SimulatedReply(pieces[..most], true) : new SimulatedReply(pieces, false);
    }

    private static string Quote(string said)
    {
        StringBuilder quoted = new();
        foreach (string element in Elements(said))
        {
            if (quoted.Length + element.Length > MostQuoted)
            {
                quoted.Append("...");
                break;
            }

            quoted.Append(char.IsControl(element[0]) ? " " : element);
        }

        return quoted.ToString();
    }

    /// <summary>Characters as a reader sees them, so that no piece ends within one.</summary>
    private static IEnumerable<string> Elements(string text)
    {
        TextElementEnumerator elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            yield return elements.GetTextElement();
        }
    }
}
