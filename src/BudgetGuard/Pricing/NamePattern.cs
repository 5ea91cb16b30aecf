using System.Text.RegularExpressions;

namespace BudgetGuard.Pricing;

/// <summary>A regular expression of a price file. It is made when the first name is tried, because most programs never need most of them.</summary>
internal sealed class NamePattern(string text)
{
    // A name is short and the pattern is tried once for each new name.
    private static readonly TimeSpan _timeout = TimeSpan.FromMilliseconds(20);

    private Regex? _regex;

    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    public void Check() => _regex ??= new Regex(text, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, _timeout);

    public bool Fits(string name)
    {
        Check();
        try
        {
            return _regex!.IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            // A pattern that is slow on a name some client made up does not match it.
            return false;
        }
    }
}
