namespace BudgetGuard.Pricing;

/// <summary>The rates a price entry names, in nano-dollars per million tokens; what it does not name is null.</summary>
internal sealed class NamedRates
{
    /// <summary>The fields of the price file, in the order of <see cref="_rates"/>.</summary>
    public static readonly string[] Fields =
    [
        "input", "output", "cachedInput", "cacheWrite", "cacheWrite1h", "audioInput", "cachedAudioInput", "audioOutput",
        "imageInput", "cachedImageInput", "imageOutput", "videoInput", "reasoning",
    ];

    private readonly long?[] _rates;

    public NamedRates()
        : this(new long?[Fields.Length])
    {
    }

    /// <param name="rates">One for each of <see cref="Fields"/>.</param>
    public NamedRates(long?[] rates) => _rates = rates;

    public long? Input { get => _rates[0]; init => _rates[0] = value; }

    public long? Output { get => _rates[1]; init => _rates[1] = value; }

    public long? CachedInput { get => _rates[2]; init => _rates[2] = value; }

    public long? CacheWrite { get => _rates[3]; init => _rates[3] = value; }

    public long? CacheWrite1h { get => _rates[4]; init => _rates[4] = value; }

    public long? AudioInput { get => _rates[5]; init => _rates[5] = value; }

    public long? CachedAudioInput { get => _rates[6]; init => _rates[6] = value; }

    public long? AudioOutput { get => _rates[7]; init => _rates[7] = value; }

    public long? ImageInput { get => _rates[8]; init => _rates[8] = value; }

    public long? ImageOutput { get => _rates[10]; init => _rates[10] = value; }

    public long? VideoInput { get => _rates[11]; init => _rates[11] = value; }

    public long? Reasoning { get => _rates[12]; init => _rates[12] = value; }

    /// <summary>
    /// These rates with what they lack taken from the rates of shorter prompts, raised as much as input or output was raised:
    /// a tier that names only its input and output must not keep its other parts cheap.
    /// </summary>
    public NamedRates Over(NamedRates shorter)
    {
        NamedRates all = new() { Input = Input ?? shorter.Input, Output = Output ?? shorter.Output };
        for (int i = 0; i < Fields.Length; i++)
        {
            bool isOutput = Fields[i].EndsWith("Output", StringComparison.Ordinal) || Fields[i] == "reasoning";
            all._rates[i] ??= _rates[i]
                ?? (isOutput ? Raise(shorter._rates[i], shorter.Output, all.Output) : Raise(shorter._rates[i], shorter.Input, all.Input));
        }

        return all;
    }

    private static long? Raise(long? rate, long? from, long? to) =>
        rate is not { } value || from is not > 0 || to is null ? rate : RateCard.Scale(value, to.Value, from.Value);
}

/// <summary>What tokens cost at one prompt size, in nano-dollars per million tokens; each missing rate is replaced by one that is never too cheap.</summary>
internal sealed class RateCard
{
    public RateCard(NamedRates rates)
    {
        Input = rates.Input ?? 0;

        // Models without an output rate write no tokens; if an answer claims some, they are not free.
        Output = rates.Output ?? Input;
        CachedInput = rates.CachedInput ?? Input;

        // A written token was read as well: below the input rate it is the price of storing alone.
        CacheWrite = Math.Max(rates.CacheWrite ?? 0, Input);

        // Who bills five-minute writes at a premium bills those of an hour at twice the input.
        long oneHour = rates.CacheWrite1h ?? (rates.CacheWrite > Input ? Scale(Input, 2, 1) : Input);
        CacheWrite1h = Math.Max(oneHour, CacheWrite);
        AudioInput = rates.AudioInput;
        CachedAudioInput = rates.CachedAudioInput ?? rates.AudioInput ?? CachedInput;
        ImageInput = rates.ImageInput;
        AudioOutput = rates.AudioOutput;
        ImageOutput = rates.ImageOutput;
        VideoInput = rates.VideoInput;
        Reasoning = rates.Reasoning;
        DearestOutput = Max(Output, AudioOutput, ImageOutput, Reasoning);
    }

    public long Input { get; }

    public long Output { get; }

    public long CachedInput { get; }

    public long CacheWrite { get; }

    public long CacheWrite1h { get; }

    public long CachedAudioInput { get; }

    /// <summary>Null where audio costs what text costs; likewise the other parts.</summary>
    public long? AudioInput { get; }

    public long? ImageInput { get; }

    public long? VideoInput { get; }

    public long? AudioOutput { get; }

    public long? ImageOutput { get; }

    public long? Reasoning { get; }

    public long DearestOutput { get; }

    /// <summary>The dearest rate an input token can meet.</summary>
    public long DearestInput(CallTraits traits, bool writesUnasked)
    {
        long dearest = Math.Max(Input, CachedInput);
        if (writesUnasked || (traits & CallTraits.CacheWrites) != 0)
        {
            dearest = Math.Max(dearest, CacheWrite);
        }

        if ((traits & CallTraits.CacheWrites) != 0)
        {
            dearest = Math.Max(dearest, CacheWrite1h);
        }

        return (traits & CallTraits.Media) != 0 ? Math.Max(CachedAudioInput, Max(dearest, AudioInput, ImageInput, VideoInput)) : dearest;
    }

    /// <summary>The same card with every token that many times as dear.</summary>
    public RateCard Times(int factor) => new(new NamedRates
    {
        Input = Input * factor,
        Output = Output * factor,
        CachedInput = CachedInput * factor,
        CacheWrite = CacheWrite * factor,
        CacheWrite1h = CacheWrite1h * factor,
        CachedAudioInput = CachedAudioInput * factor,
        AudioInput = AudioInput * factor,
        ImageInput = ImageInput * factor,
        VideoInput = VideoInput * factor,
        AudioOutput = AudioOutput * factor,
        ImageOutput = ImageOutput * factor,
        Reasoning = Reasoning * factor,
    });

    /// <summary>A rate times a fraction, rounded up.</summary>
    public static long Scale(long rate, long numerator, long denominator)
    {
        UInt128 scaled = ((UInt128)rate * (UInt128)numerator + (UInt128)denominator - 1) / (UInt128)denominator;
        return scaled > long.MaxValue ? long.MaxValue : (long)scaled;
    }

    private static long Max(long rate, long? first, long? second, long? third) =>
        Math.Max(Math.Max(rate, first ?? 0), Math.Max(second ?? 0, third ?? 0));
}

/// <summary>What is known of a call before it runs that changes what its tokens may cost.</summary>
[Flags]
internal enum CallTraits
{
    None = 0,

    /// <summary>The request asks the provider to write a prompt cache.</summary>
    CacheWrites = 1,

    /// <summary>The request carries images, audio or video.</summary>
    Media = 2,
}
