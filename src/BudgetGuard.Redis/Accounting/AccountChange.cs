using System.Globalization;

namespace BudgetGuard.Redis;

/// <summary>What the end of a hold has changed on an account, as a script tells it: a line of its key and ten numbers.</summary>
internal readonly struct AccountChange
{
    private const int Numbers = 10;

    public AccountChange(string line)
    {
        int at = line.IndexOf(' ', StringComparison.Ordinal);
        Key = line[..at];
        Span<long> numbers = stackalloc long[Numbers];
        int count = 0;
        ReadOnlySpan<char> rest = line.AsSpan(at + 1);
        foreach (Range part in rest.Split(' '))
        {
            numbers[count++] = long.Parse(rest[part], NumberStyles.None, CultureInfo.InvariantCulture);
        }

        IsShared = numbers[0] == 1;
        (Before, SetAside) = (numbers[1], numbers[2]);
        (Settled, Held, Debt, Limit) = (numbers[3], numbers[4], numbers[5], numbers[6]);
        (Start, End, Round) = (numbers[7], numbers[8], (int)numbers[9]);
    }

    public string Key { get; }

    /// <summary>True of the account of all partitions that are not tracked.</summary>
    public bool IsShared { get; }

    /// <summary>What was settled, with debt, before it.</summary>
    public long Before { get; }

    /// <summary>What the hold had set aside.</summary>
    public long SetAside { get; }

    public long Settled { get; }

    public long Held { get; }

    public long Debt { get; }

    /// <summary>With what administrators added.</summary>
    public long Limit { get; }

    /// <summary>When the window began, in microseconds.</summary>
    public long Start { get; }

    public long End { get; }

    /// <summary>How often it was topped up or reset.</summary>
    public int Round { get; }
}
