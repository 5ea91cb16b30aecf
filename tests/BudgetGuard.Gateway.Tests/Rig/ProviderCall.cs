using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>One call as the provider saw it, what it answered, and what it bills for it.</summary>
internal sealed class ProviderCall
{
    private readonly ConcurrentQueue<(byte[] Bytes, bool IsUsageOnly)> _events = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tokens;

    public required string Method { get; init; }

    public required string Path { get; init; }

    public required string Query { get; init; }

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public required string Body { get; init; }

    public JsonNode? Json { get; init; }

    public required Script Script { get; init; }

    public required Dialect Dialect { get; init; }

    public required string Model { get; init; }

    public required bool IsStream { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>How many tokens the call would write.</summary>
    public required int Planned { get; init; }

    /// <summary>True if it was asked to tell the usage in a chunk of its own.</summary>
    public bool AsksForUsage { get; init; }

    /// <summary>How many tokens it wrote.</summary>
    public int Tokens => Volatile.Read(ref _tokens);

    /// <summary>True if it reset the connection itself.</summary>
    public bool IsCut { get; set; }

    /// <summary>Ends when the provider is done with the call, one way or the other.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Ends when the provider has seen that nobody waits for the answer any more.</summary>
    public Task Cancelled => _cancelled.Task;

    /// <summary>Nano-dollars: the prompt, and each token that was written.</summary>
    public long Bill
    {
        get
        {
            if (Dialect == Dialect.None || (Script.Status >= 300 && !Script.BillsFailure))
            {
                return 0;
            }

            (long input, long output) = Tariff.Of(Model);
            return (PromptTokens * input) + (Tokens * output);
        }
    }

    /// <summary>The answer as a client gets it who is spared the usage that it did not ask for, or as it was written.</summary>
    public byte[] Answer(bool withoutUsageChunk = false)
    {
        MemoryStream all = new();
        foreach ((byte[] bytes, bool isUsageOnly) in _events)
        {
            if (!(isUsageOnly && withoutUsageChunk))
            {
                all.Write(bytes);
            }
        }

        return all.ToArray();
    }

    public void Wrote(byte[] bytes, int tokens, bool isUsageOnly = false)
    {
        Interlocked.Add(ref _tokens, tokens);
        _events.Enqueue((bytes, isUsageOnly));
    }

    public void End() => _ended.TrySetResult();

    public void Cancel()
    {
        if (!IsCut)
        {
            _cancelled.TrySetResult();
        }
    }

    public override string ToString() =>
        $"{Method} {Path}{Query}, {PromptTokens} + {Tokens} of {Planned} tokens, {Encoding.UTF8.GetByteCount(Body)} bytes{(IsCut ? ", cut" : "")}{(Cancelled.IsCompleted ? ", cancelled" : "")}";
}
