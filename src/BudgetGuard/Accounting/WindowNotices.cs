using System.Runtime.CompilerServices;

namespace BudgetGuard.Accounting;

/// <summary>What a window can tell of, each once until it is armed again.</summary>
internal enum NoticeKind
{
    /// <summary>A share of the limit was reached.</summary>
    Threshold,

    /// <summary>A request was refused that asks for more than the limit.</summary>
    TooLarge,

    /// <summary>A request was refused because of what others hold.</summary>
    HeldByOthers,

    /// <summary>A request was refused because the budget is used up.</summary>
    Exceeded,

    /// <summary>The budget has more partitions than it tracks.</summary>
    Overflowed,

    /// <summary>The budget will be used up before its window ends.</summary>
    Forecast,
}

/// <summary>What a window has told of one kind.</summary>
internal struct Notice
{
    /// <summary>True while it is not told again.</summary>
    public bool IsTold;

    /// <summary>True from when it was told until it was told that it is over.</summary>
    public bool IsOpen;

    /// <summary>Of a refusal: that requests are throttled, not rejected.</summary>
    public bool Throttles;

    /// <summary>How often it was armed again.</summary>
    public int Round;

    /// <summary>When what it tells of began: the start of a calendar window; where there is none, when it was told first.</summary>
    public long Since;

    /// <summary>From when it may be told again where no window ends; never where one does.</summary>
    public long RearmAt;

    /// <summary>The amount whose undercutting ends it.</summary>
    public long Level;

    /// <summary>The highest share of the limit that was told.</summary>
    public decimal Share;
}

/// <summary>What a window has told already, so that it tells it once. Only windows that told something have one.</summary>
internal sealed partial class WindowNotices
{
    private Kinds _kinds;

    public ref Notice this[NoticeKind kind] => ref _kinds[(int)kind];

    /// <summary>True if something was told that is not over.</summary>
    public bool HasOpen
    {
        get
        {
            foreach (ref readonly Notice notice in (ReadOnlySpan<Notice>)_kinds)
            {
                if (notice.IsOpen)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public Span<Notice> All => _kinds;

    [InlineArray((int)NoticeKind.Forecast + 1)]
    private struct Kinds
    {
        private Notice _first;
    }
}
