namespace BudgetGuard.Metering;

/// <summary>What the meter makes of the bytes: what kind of answer they are, what it told, and how far it came.</summary>
internal sealed partial class ResponseMeter
{
    private void Recognise()
    {
        var encoding = _response.Headers.ContentEncoding;
        IsEncoded = encoding.Count > 0 && !string.Equals(encoding.ToString(), "identity", StringComparison.OrdinalIgnoreCase);
        var inflater = IsEncoded ? Inflater.Of(encoding.ToString()) : null;
        if (_readers.IsDefaultOrEmpty || (IsEncoded && inflater is null))
        {
            IsStream = StreamTypes.IsAny(_response.ContentType);
            StopWatching();
        }
        else
        {
            _body = new AnswerBody(inflater, StreamTypes.IsLines(_response.ContentType), StreamTypes.IsEvents(_response.ContentType), StreamTypes.MayTell(_response.ContentType));
        }
    }

    /// <summary>Holds the money for what passes before it goes on; where there is none, the gate ends the stream behind it.</summary>
    private void Cover(in GeneratedText written)
    {
        if (_hold!.Cover(written) is { } waiting)
        {
            _reporting = ShieldAsync(new ValueTask(waiting));
        }
        else if (_hold.ExhaustedBudget is { } budget)
        {
            _gate?.EndEarly(budget);
        }
    }

    private void ReadUsage(AnswerBody body)
    {
        var usage = body.IsBroken && !body.IsStream ? null : body.Usage(_readers);
        if (usage is { InputTokens: 0, OutputTokens: 0, ReportedCostUsd: null or 0 } && body.Written.Pieces > 0)
        {
            // Nobody writes at no cost, whatever an error says of it.
            usage = null;
        }

        if (usage is null || body.IsBroken)
        {
            StreamReading = body.Progress(usage);
            StopWatching();
        }
        else if (body.Progress(usage) is { WrittenSince.Bytes: > 0 } reading)
        {
            StreamReading = reading with { MayBeMore = false };
            StopWatching();
        }
        else
        {
            StopWatching();
            Report(usage);
        }
    }

    private void Report(TokenUsage usage)
    {
        Usage = usage;
        var reporting = _report(usage);
        if (!reporting.IsCompletedSuccessfully)
        {
            _reporting = ShieldAsync(reporting);
        }
    }

    private void ReadProgress()
    {
        try
        {
            if (_watching && _body is { IsStream: true } body)
            {
                StreamReading = body.Progress(body.Usage(_readers));
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Ends the metering where the meter failed: what it counted is then less than there was.</summary>
    private void Fail(Exception exception)
    {
        if (_watching)
        {
            StreamReading = _body?.Progress(null) is { } reading ? reading with { MayBeMore = true } : null;
            StopWatching();
        }

        Complain(exception);
    }

    private async Task ShieldAsync(ValueTask reporting)
    {
        try
        {
            await reporting;
        }
        catch (Exception exception)
        {
            Complain(exception);
        }
    }

    private void Complain(Exception exception)
    {
        try
        {
            _complain(exception);
        }
        catch (Exception)
        {
            // Whoever is told of a failure must not become one for the answer.
        }
    }
}
