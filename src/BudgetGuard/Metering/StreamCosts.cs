using BudgetGuard.Estimation;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// What a stream cost that did not tell all of it. What the model wrote is counted by the same upper bound of tokens as a prompt (<see cref="TokenBound"/>:
/// a token for three bytes of text, more for newer Claude models), and never as less than a token for each part it came in.
/// </summary>
internal static class StreamCosts
{
    /// <summary>Tokens that were generated while the stream was cut and never came.</summary>
    public const long OnTheWay = 16;

    /// <summary>The charge; null if the stream is charged as an answer that tells nothing.</summary>
    public static Charge? Of(ModelCosts costs, in StreamReading stream, ModelCall call, BudgetRequest request, RequestOutcome outcome)
    {
        var told = stream.Usage is { } usage ? costs.CostOf(usage, request) : (Charge?)null;
        if (outcome == RequestOutcome.NothingUsed)
        {
            return told;
        }

        var isWhole = outcome != RequestOutcome.CutShort;
        if (told is not null && isWhole && !stream.MayBeMore && stream.WrittenSince.Bytes == 0)
        {
            return told;
        }

        var counted = Counted(costs, stream, call, request);
        if (told is not null && isWhole && !stream.MayBeMore)
        {
            return counted;
        }

        // What goes on unseen is not over when the client is gone, and nobody counts it.
        if (UnseenWork.IsIn(call.Request, request.Model))
        {
            return Larger(counted, request.Estimated);
        }

        // Nobody knows what it has thought before its first word.
        if (stream.Written.Pieces == 0)
        {
            counted = Larger(counted, request.KnownAmount);
        }

        return isWhole || stream.MayBeMore ? Larger(counted, request.Estimated) : counted;
    }

    private static Charge Counted(ModelCosts costs, in StreamReading stream, ModelCall call, BudgetRequest request)
    {
        var model = stream.Usage?.Model ?? request.Model;
        var upToThere = call.Request with { MaxOutputTokens = Tokens(stream.Written, model) + OnTheWay, Answers = 1 };
        var counted = costs.BoundOf(upToThere, call.Api, request.ModelIsOnlyClaimed ? null : request.Model) ?? request.Estimated;
        if (request.ModelIsOnlyClaimed)
        {
            counted = Larger(counted, costs.BoundOf(upToThere, call.Api, request.Model) ?? counted);
        }

        if (stream.Usage is { } usage)
        {
            var more = usage with { OutputTokens = usage.OutputTokens + Tokens(stream.WrittenSince, model) + OnTheWay };
            counted = Larger(counted, costs.CostOf(more, request));
        }

        return counted;
    }

    /// <summary>The upper bound of the tokens that a text of a model is.</summary>
    public static long Tokens(GeneratedText text, string? model)
    {
        var bound = TokenBound.Input(new ModelRequest { TextBytes = text.Bytes }, model) - TokenBound.Input(new ModelRequest(), model);
        return Math.Max(bound, text.Pieces);
    }

    private static Charge Larger(in Charge left, in Charge right) =>
        new(left.Cost > right.Cost ? left.Cost : right.Cost, Math.Max(left.Tokens, right.Tokens));
}
