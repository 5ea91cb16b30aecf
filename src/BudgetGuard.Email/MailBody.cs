using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace BudgetGuard.Email;

/// <summary>Writes the text and the HTML of a mail; both tell the same.</summary>
internal static class MailBody
{
    /// <summary>The message is one sentence, whatever it quotes.</summary>
    private const int MostOfMessage = 2000;

    private const string CellStyle = "style=\"text-align:left;vertical-align:top;padding:2px 12px 2px 0\"";

    public static string Text(BudgetAlert alert)
    {
        StringBuilder text = new();
        text.Append(MailText.Line(alert.Message, MostOfMessage)).Append("\n\n");
        List<(string Label, string Value)> facts = MailFacts.Of(alert);
        int width = facts.Max(static fact => fact.Label.Length) + 2;
        foreach ((string label, string value) in facts)
        {
            text.Append($"{label}:".PadRight(width)).Append(value).Append('\n');
        }

        if (alert.Items.Count > 0)
        {
            AppendTable(text.Append('\n'), MailItems.Of(alert.Items));
        }

        return text.Append('\n').Append(Footer(alert)).Append('\n').ToString();
    }

    public static string Html(BudgetAlert alert)
    {
        StringBuilder html = new();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>").Append(Encoded(alert.Type))
            .Append("</title></head>\n<body style=\"font-family:sans-serif\">\n<p><strong>")
            .Append(Encoded(MailText.Line(alert.Message, MostOfMessage))).Append("</strong></p>\n<table>\n");
        foreach ((string label, string value) in MailFacts.Of(alert))
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\" {CellStyle}>{Encoded(label)}</th><td {CellStyle}>{Encoded(value)}</td></tr>\n");
        }

        html.Append("</table>\n");
        if (alert.Items.Count > 0)
        {
            AppendHtmlTable(html, MailItems.Of(alert.Items));
        }

        return html.Append("<p style=\"color:#666\">").Append(Encoded(Footer(alert))).Append("</p>\n</body></html>\n").ToString();
    }

    private static void AppendTable(StringBuilder text, MailItems items)
    {
        // The last column is a sentence and stands as it is.
        int columns = items.Headings.Count;
        int[] widths = new int[columns];
        for (int i = 0; i < columns - 1; i++)
        {
            int column = i;
            widths[i] = Math.Max(items.Headings[i].Length, items.Rows.Max(row => row[column].Length)) + 2;
        }

        AppendRow(items.Headings);
        foreach (string[] row in items.Rows)
        {
            AppendRow(row);
        }

        if (items.Left > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"and {items.Left} more\n");
        }

        void AppendRow(IReadOnlyList<string> cells)
        {
            for (int i = 0; i < columns; i++)
            {
                text.Append(cells[i].PadRight(widths[i]));
            }

            text.Append('\n');
        }
    }

    private static void AppendHtmlTable(StringBuilder html, MailItems items)
    {
        html.Append("<table>\n<tr>");
        foreach (string heading in items.Headings)
        {
            html.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\" {CellStyle}>{Encoded(heading)}</th>");
        }

        html.Append("</tr>\n");
        foreach (string[] row in items.Rows)
        {
            html.Append("<tr>");
            foreach (string cell in row)
            {
                html.Append(CultureInfo.InvariantCulture, $"<td {CellStyle}>{Encoded(cell)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</table>\n");
        if (items.Left > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>and {items.Left} more</p>\n");
        }
    }

    private static string Footer(BudgetAlert alert) => $"Alert {alert.Id:D}, sent by BudgetGuard. The same alert may come twice; its number stays the same.";

    private static string Encoded(string text) => HtmlEncoder.Default.Encode(text);
}
