namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>How an answer breaks off.</summary>
internal enum Cut
{
    /// <summary>The connection is reset at once, and what is on the way is lost.</summary>
    Reset,

    /// <summary>It is reset when the reader has read what came before.</summary>
    ResetWhenRead,

    /// <summary>It ends after all that was written.</summary>
    End,
}

/// <summary>What the provider does with one call.</summary>
internal sealed record Script
{
    /// <summary>How many tokens it would write; the request's own cap is obeyed.</summary>
    public int Tokens { get; init; } = 20;

    /// <summary>How many tokens come in one event of a stream.</summary>
    public int TokensAnEvent { get; init; } = 1;

    /// <summary>Decides the words and where the bytes are split.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>False: the answer never says what was used.</summary>
    public bool TellsUsage { get; init; } = true;

    public int Status { get; init; } = 200;

    /// <summary>The whole answer, in place of a model's.</summary>
    public string? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>True where a call that fails is billed all the same.</summary>
    public bool BillsFailure { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The answer breaks off after so many bytes of it, counted before they are compressed.</summary>
    public int? CutAfterBytes { get; init; }

    /// <summary>How it breaks off.</summary>
    public Cut Cut { get; init; }

    /// <summary>The most bytes that are sent at once, in pieces of any size up to it; null: an event at a time.</summary>
    public int? Pieces { get; init; }

    /// <summary>How the answer is compressed where the request accepts it.</summary>
    public string? Encoding { get; init; }

    /// <summary>True: it is compressed whatever the request accepts.</summary>
    public bool EncodesAnyway { get; init; }

    /// <summary>How far the stream may run ahead of its reader.</summary>
    public ReadAhead? ReadAhead { get; init; }

    /// <summary>Waited for before the event with this number; the first is 0.</summary>
    public Func<int, CancellationToken, Task>? BeforeEvent { get; init; }

    /// <summary>A gate before one event, that opens when the task ends.</summary>
    public static Func<int, CancellationToken, Task> Gate(int before, Task opens) =>
        (number, gone) => number == before ? opens.WaitAsync(gone) : Task.CompletedTask;
}
