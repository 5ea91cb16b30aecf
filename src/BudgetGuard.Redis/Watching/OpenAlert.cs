using System.Globalization;
using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>An alert that was told, until it is over. All of them are one hash, from the claim that one node gets to the look that finds that it is over.</summary>
internal sealed class OpenAlert
{
    /// <summary>How many there can be; the end of what is past it is not told.</summary>
    public const int Most = 100_000;

    private const char Bar = '|';

    // How long one without an end is kept whose budget nobody knows any more.
    private static readonly long _kept = TimeSpan.FromDays(2).Ticks;

    private OpenAlert(RedisValue name, string[] place, string[] text)
    {
        Name = name;
        (Budget, Type, Since, Partition) = (place[0], place[1], long.Parse(place[2], CultureInfo.InvariantCulture), place[3]);
        foreach (string share in text[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Share = Math.Max(Share, decimal.Parse(share, CultureInfo.InvariantCulture));
        }

        Round = int.Parse(text[1], CultureInfo.InvariantCulture);
        Level = long.Parse(text[2], CultureInfo.InvariantCulture);
        Limit = long.Parse(text[3], CultureInfo.InvariantCulture);
        KeptUntil = long.Parse(text[4], CultureInfo.InvariantCulture);
    }

    public RedisValue Name { get; }

    /// <summary>Its budget, as keys have it.</summary>
    public string Budget { get; }

    public string Type { get; }

    /// <summary>When what it tells of began, in ticks.</summary>
    public long Since { get; }

    /// <summary>The values that split its budget, as a text.</summary>
    public string Partition { get; }

    /// <summary>The highest share of the limit that was told; 0 where there is none.</summary>
    public decimal Share { get; }

    public int Round { get; }

    /// <summary>Of a refusal what was used then; 0 where that is not known.</summary>
    public long Level { get; }

    /// <summary>Of a refusal the limit then.</summary>
    public long Limit { get; }

    /// <summary>When it is forgotten where nobody knows its budget, in ticks.</summary>
    public long KeptUntil { get; }

    public static RedisKey KeyOf(string prefix) => prefix + "o";

    /// <summary>Reads one; null where it is something else.</summary>
    public static OpenAlert? Read(RedisValue name, string text)
    {
        string[] place = ((string)name!).Split(Bar, 4);
        string[] parts = text.Split(Bar);
        try
        {
            return place.Length == 4 && parts.Length == 5 ? new OpenAlert(name, place, parts) : null;
        }
        catch (Exception bad) when (bad is FormatException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>What a script needs to know of a claim whose alert has an end; nothing of any other.</summary>
    public static RedisValue[] ValuesOf(AlertClaim claim, string prefix, AccountTelling telling, long now)
    {
        if (claim.Account is not { } account
            || claim.Type is not (AlertTypes.ThresholdReached or AlertTypes.BudgetExceeded or AlertTypes.ThrottlingActivated or AlertTypes.ForecastExceeded))
        {
            return [];
        }

        long since = claim.WindowStart?.UtcTicks ?? 0;
        (long level, long limit) = telling.LevelOf(account.Key, since, claim.Round);
        long until = claim.Until?.UtcTicks ?? now + _kept;
        return
        [
            NameOf(new WatchedBudget(prefix, account).Id, claim.Type, since, AlertClaimText.PartitionOf(account.Key)),
            claim.Threshold.ToString("0.############################", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{claim.Round}{Bar}{level}{Bar}{limit}{Bar}{until}"),
            Most,
        ];
    }

    public static string NameOf(string budget, string type, long since, string partition) =>
        string.Create(CultureInfo.InvariantCulture, $"{budget}{Bar}{type}{Bar}{since}{Bar}{partition}");

    /// <summary>True if what it told is no longer so; of a forecast only with its window.</summary>
    public bool IsOver(RedisAccount place, in RedisFigures figures, long now)
    {
        if (place.Kind == "C" && figures.Since != Since)
        {
            return true;
        }

        long level = Level;
        switch (Type)
        {
            case AlertTypes.ForecastExceeded:
                return false;
            case AlertTypes.ThrottlingActivated when place.Kind == "S":
                return now - Since >= AccountNotices.ConcurrencyPause && figures.Held < figures.Limit;
            case AlertTypes.ThresholdReached:
                level = AccountFigures.AmountAt(Share, figures.Limit);
                break;
            case var _ when Limit > 0 && figures.Limit > Limit:
                level = (long)Int128.Min(long.MaxValue, (Int128)Level * figures.Limit / Limit);
                break;
        }

        // One per cent less: what hardly falls is not over.
        return (Int128)(figures.Settled + figures.Debt) * 100 < (Int128)level * 99;
    }

    /// <summary>That it is over, as its account tells it.</summary>
    public AccountEvent Recovered(in WatchedAccount account) =>
        new(AccountEventKind.Recovered, account.Account, account.Figures.State, Threshold: Share, IsShared: account.IsShared)
        {
            Notice = Type switch
            {
                AlertTypes.ThresholdReached => NoticeKind.Threshold,
                AlertTypes.ForecastExceeded => NoticeKind.Forecast,
                _ when account.Place.Kind == "S" => NoticeKind.HeldByOthers,
                _ => NoticeKind.Exceeded,
            },
            Since = Since,
            Round = Round,
            Throttles = Type == AlertTypes.ThrottlingActivated,
        };
}
