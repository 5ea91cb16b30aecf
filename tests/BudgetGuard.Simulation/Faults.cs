namespace BudgetGuard.Simulation;

/// <summary>What goes wrong, each once in so many times; 0: never.</summary>
internal sealed record Faults
{
    /// <summary>A request to the server never arrives.</summary>
    public int LosesRequest { get; init; }

    /// <summary>Who asked gives up; the request arrives later all the same.</summary>
    public int DelaysRequest { get; init; }

    /// <summary>The server did it, and nobody hears of that.</summary>
    public int LosesReply { get; init; }

    /// <summary>The same request arrives again later.</summary>
    public int Duplicates { get; init; }

    /// <summary>A node, or the process with the file, breaks down wherever it is and starts anew.</summary>
    public int Crashes { get; init; }

    /// <summary>A replica takes over that lacks the server's latest writes.</summary>
    public int FailsOver { get; init; }

    /// <summary>A commit fails, before or after it came to the disk.</summary>
    public int DiskFails { get; init; }

    /// <summary>The clock jumps, or a node pauses for longer than anything lasts.</summary>
    public int Jumps { get; init; }

    /// <summary>Some of each, by the seed.</summary>
    public static Faults Of(Random random, bool mayFailOver) => new()
    {
        LosesRequest = Rate(random),
        DelaysRequest = Rate(random),
        LosesReply = Rate(random),
        Duplicates = Rate(random),
        Crashes = random.Next(2) == 0 ? 0 : random.Next(60, 200),
        FailsOver = mayFailOver ? random.Next(80, 200) : 0,
        DiskFails = Rate(random),
        Jumps = random.Next(2) == 0 ? 0 : random.Next(30, 100),
    };

    private static int Rate(Random random) => random.Next(3) == 0 ? 0 : random.Next(4, 40);
}
