namespace BudgetGuard.Identification;

/// <summary>Reads an oddly spelt path as the most lenient upstream would.</summary>
internal static class PlainPath
{
    public static string Normalize(string path)
    {
        // More than a few layers of encoding no server takes off.
        for (var round = 0; round < 3 && path.Contains('%'); round++)
        {
            var decoded = Uri.UnescapeDataString(path);
            if (decoded == path)
            {
                break;
            }

            path = decoded;
        }

        var end = path.AsSpan().IndexOfAny('?', '#');
        path = (end < 0 ? path : path[..end]).Replace('\\', '/');
        var kept = new List<string>();
        foreach (var part in path.Split('/'))
        {
            var semicolon = part.IndexOf(';');
            var segment = (semicolon < 0 ? part : part[..semicolon]).Trim(' ', '\t', '\r', '\n', '\0');
            if (segment == ".." && kept.Count > 0)
            {
                kept.RemoveAt(kept.Count - 1);
            }
            else if (segment.Length > 0 && segment != "." && segment != "..")
            {
                kept.Add(segment);
            }
        }

        return "/" + string.Join('/', kept);
    }
}
