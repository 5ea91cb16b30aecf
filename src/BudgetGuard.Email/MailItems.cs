using System.Globalization;

namespace BudgetGuard.Email;

/// <summary>What a digest or a daily summary is made of, as rows; columns without any value are left out.</summary>
internal sealed class MailItems
{
    /// <summary>A mail that nobody scrolls through tells no more than its first rows.</summary>
    public const int MostRows = 200;

    private MailItems(IReadOnlyList<string> headings, IReadOnlyList<string[]> rows, int left) => (Headings, Rows, Left) = (headings, rows, left);

    public IReadOnlyList<string> Headings { get; }

    public IReadOnlyList<string[]> Rows { get; }

    /// <summary>How many rows are not shown.</summary>
    public int Left { get; }

    public static MailItems Of(IReadOnlyList<AlertItem> items)
    {
        int shown = Math.Min(items.Count, MostRows);
        bool hasBudget = items.Any(static item => item.Budget is not null);
        bool hasType = items.Any(static item => item.Type is not null);
        bool hasUsed = items.Any(static item => item.Used is not null);
        bool hasLimit = items.Any(static item => item.Limit is not null);
        List<string[]> rows = new(shown);
        for (int i = 0; i < shown; i++)
        {
            AlertItem item = items[i];
            rows.Add(
            [
                .. Cell(hasBudget, MailText.Line(item.Budget, 64)),
                .. Cell(hasType, MailText.Line(item.Type, 64)),
                item.Count.ToString(CultureInfo.InvariantCulture),
                .. Cell(hasUsed, MailFacts.Amount(item.Used, null)),
                .. Cell(hasLimit, MailFacts.Amount(item.Limit, null)),
                MailText.Line(item.Text, 1024),
            ]);
        }

        string[] headings = [.. Cell(hasBudget, "Budget"), .. Cell(hasType, "Type"), "Count", .. Cell(hasUsed, "Used"), .. Cell(hasLimit, "Limit"), "What"];
        return new MailItems(headings, rows, items.Count - shown);
    }

    private static string[] Cell(bool isShown, string? value) => isShown ? [value ?? string.Empty] : [];
}
