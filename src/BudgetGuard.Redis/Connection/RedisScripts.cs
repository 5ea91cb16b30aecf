namespace BudgetGuard.Redis;

/// <summary>The scripts, each with what all of them begin with.</summary>
internal static class RedisScripts
{
    private static readonly string _common = string.Concat(((string[])["asking", "windows", "keeping", "holding"]).Select(static part => TextOf(part + ".lua")));

    public static RedisScript Hold { get; } = Whole("hold");

    public static RedisScript Extend { get; } = Whole("extend");

    public static RedisScript Finish { get; } = Whole("finish");

    public static RedisScript Unknown { get; } = Whole("unknown");

    public static RedisScript Read { get; } = Whole("read");

    public static RedisScript Account { get; } = Whole("account");

    public static RedisScript Due { get; } = Whole("due");

    public static RedisScript Get { get; } = Whole("get");

    public static RedisScript Members { get; } = Whole("members");

    public static RedisScript Partition { get; } = Whole("partition");

    public static RedisScript Pulse { get; } = Whole("pulse");

    public static RedisScript Recall { get; } = Whole("recall");

    public static RedisScript Remember { get; } = Whole("remember");

    public static RedisScript Decided { get; } = Whole("decided");

    public static RedisScript Spent { get; } = Whole("spent");

    public static RedisScript Claim { get; } = Whole("claim");

    public static RedisScript Seat { get; } = Whole("seat");

    public static RedisScript Tracked { get; } = Whole("tracked");

    public static RedisScript Watched { get; } = Whole("watched");

    public static RedisScript Note { get; } = Whole("note");

    public static RedisScript Learned { get; } = Whole("learned");

    public static RedisScript Opened { get; } = Whole("opened");

    public static RedisScript Ended { get; } = Whole("ended");

    public static RedisScript HoldNote { get; } = Whole("holdnote");

    public static RedisScript Noted { get; } = Whole("noted");

    public static RedisScript NoteGrown { get; } = Whole("notegrown");

    public static RedisScript NoteEnded { get; } = Whole("noteended");

    public static RedisScript Unnote { get; } = Whole("unnote");

    private static RedisScript Whole(string name) => new(name, _common + TextOf(name + ".lua"));

    private static string TextOf(string name)
    {
        using Stream stream = typeof(RedisScripts).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The script {name} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
