using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using BudgetGuard.Accounting;
using BudgetGuard.Identification;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// What has to be known of a hold to end it anywhere: whose it is, on which accounts, how it is priced. Of who asked, and of what was asked, only a hash is kept, and
/// that of this hold alone.
/// </summary>
internal sealed class HoldNote
{
    private const int Format = 1;
    private const int MarkBytes = 16;

    private readonly KeptNote _kept;
    private readonly string _caller;
    private readonly string _asked;

    private HoldNote(KeptNote kept, string caller, string asked, DecidedTelling telling, DecisionTerms terms, Hold hold)
    {
        _kept = kept;
        _caller = caller;
        _asked = asked;
        Telling = telling;
        Terms = terms;
        Hold = hold;
    }

    /// <summary>What whoever asked was told.</summary>
    public DecidedTelling Telling { get; }

    public DecisionTerms Terms { get; }

    public Hold Hold { get; }

    public string Id => _kept.Id;

    /// <summary>By what the store knows the name that a caller gave a decision.</summary>
    public static string? NameOf(string caller, string? name) => name is null ? null : Mark(caller, name);

    public bool IsOf(string caller) => string.Equals(_caller, Mark(_kept.Id, caller), StringComparison.Ordinal);

    /// <summary>True if it is of the same question.</summary>
    public bool IsOf(byte[] fingerprint) => string.Equals(_asked, Mark(_kept.Id, Convert.ToHexStringLower(fingerprint)), StringComparison.Ordinal);

    /// <summary>True while the hold is neither ended nor over.</summary>
    public bool IsOpen(DateTimeOffset now) => _kept.End is null && _kept.ExpiresAt > now;

    /// <summary>The hold with all that is known of it.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="request">The request it was taken for, where this process knows it.</param>
    public DecidedHold ToHold(string caller, DecisionRequest? request)
    {
        DecisionTerms terms = request is null ? Terms : Terms with { Request = request };
        return new DecidedHold(_kept.Id, caller, null, null, terms, _kept.ExpiresAt)
        {
            Hold = Hold with { Amount = Hold.Amount with { Cost = Hold.Amount.Cost + _kept.Grown } },
            End = _kept.End?.How ?? HoldEnd.None,
            Settled = _kept.End?.Charge ?? default,
            SettledWith = _kept.End?.With,
            IsNoted = true,
            NoteName = _kept.Name,
        };
    }

    public static KeptNote Write(DecidedHold hold, DecidedTelling telling)
    {
        DecisionRequest request = hold.Terms.Request;
        var record = new RecordWriter();
        record.Add(Format);
        record.Add(Mark(hold.Id, hold.Caller));
        record.Add(Mark(hold.Id, Convert.ToHexStringLower(hold.Fingerprint ?? [])));
        record.Add(telling.Budget);
        record.Add(telling.Remaining is not null);
        record.Add(telling.Remaining?.Nanos ?? 0);
        record.Add(telling.ExpiresAt.UtcTicks);
        record.Add(request.Subject.User);
        record.Add(request.Subject.Team);
        record.Add(request.Operation);
        record.Add(request.Model);
        record.Add(hold.Terms.Ttl.Ticks);
        record.Add(hold.Terms.Api?.Name);
        record.Add(hold.Hold.Id.High);
        record.Add(hold.Hold.Id.Low);
        Write(hold.Hold.Amount, record);
        Write(hold.Hold.Accounts, record);
        return new KeptNote(hold.Id, hold.NoteName, record.ToArray(), hold.ExpiresAt);
    }

    /// <exception cref="InvalidDataException">It is none, or one of a newer version.</exception>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know the time zone of a budget.</exception>
    public static HoldNote Read(KeptNote kept)
    {
        var record = new RecordReader(kept.Details);
        if (record.Int() != Format)
        {
            throw RecordReader.Bad();
        }

        string caller = record.Text() ?? throw RecordReader.Bad();
        string asked = record.Text() ?? throw RecordReader.Bad();
        string? budget = record.Text();
        bool hasRemaining = record.Bool();
        Money remaining = Money.FromNanos(record.Long());
        var expires = new DateTimeOffset(record.Long(), TimeSpan.Zero);
        var subject = new BudgetSubject(record.Text()) { Team = record.Text() };
        string operation = record.Text() ?? throw RecordReader.Bad();
        string? model = record.Text();
        var ttl = new TimeSpan(record.Long());
        ModelApi? api = record.Text() is { } name ? ModelApis.Find(name) : null;
        var id = new HoldId(record.Fixed(), record.Fixed());
        var amount = new Charge(Money.FromNanos(record.Long()), record.Long(), record.Long());
        var telling = new DecidedTelling(amount.Cost, expires, budget, hasRemaining ? remaining : null);
        var request = new DecisionRequest(subject, operation, model, ttl) { Amount = amount };
        return new HoldNote(kept, caller, asked, telling, new DecisionTerms(request, ttl, api), new Hold(id, Accounts(ref record)!, amount));
    }

    private static void Write(in Charge charge, RecordWriter record)
    {
        record.Add(charge.Cost.Nanos);
        record.Add(charge.Tokens);
        record.Add(charge.Requests);
    }

    // Whatever the settings are where it ends: it is charged to the accounts it was taken on.
    private static void Write(AccountSet? accounts, RecordWriter record)
    {
        record.Add(accounts is not null);
        if (accounts is null)
        {
            return;
        }

        record.Add(accounts.Model);
        record.Add(accounts.Operation);
        record.Add(accounts.Accounts.Length);
        foreach (Account account in accounts.Accounts)
        {
            KeptTerms.Write(account.Terms, record);
            record.Add(account.Limit);
            record.Add(account.Key.Partition.Length);
            foreach (string? value in account.Key.Partition)
            {
                record.Add(value);
            }
        }
    }

    private static AccountSet? Accounts(ref RecordReader record)
    {
        if (!record.Bool())
        {
            return null;
        }

        (string? model, string? operation) = (record.Text(), record.Text());
        ImmutableArray<Account>.Builder accounts = ImmutableArray.CreateBuilder<Account>();
        for (int left = record.Count(); left > 0; left--)
        {
            BudgetTerms terms = KeptTerms.Read(ref record);
            long limit = record.Long();
            var partition = new string?[record.Count()];
            foreach (ref string? value in partition.AsSpan())
            {
                value = record.Text();
            }

            accounts.Add(new Account(terms, [.. partition], limit));
        }

        return new AccountSet(accounts.DrainToImmutable()) { Model = model, Operation = operation };
    }

    private static string Mark(string of, string what) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{of}\n{what}")).AsSpan(0, MarkBytes));
}

/// <summary>What whoever asked for a decision is told of its allow.</summary>
internal readonly record struct DecidedTelling(Money Estimated, DateTimeOffset ExpiresAt, string? Budget, Money? Remaining);
