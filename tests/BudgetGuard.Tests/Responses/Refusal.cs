using System.Text;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Responses;

/// <summary>Each way in which the guard itself answers a call of a model.</summary>
public enum Cause
{
    /// <summary>A throttling budget is used up until the next minute.</summary>
    Throttled,

    /// <summary>A rejecting budget is used up until the next day.</summary>
    Rejected,

    /// <summary>Others hold what is left.</summary>
    Held,

    /// <summary>The request alone costs more than the limit.</summary>
    ExceedsLimit,

    /// <summary>The store is down, and the guard is closed.</summary>
    Down,

    /// <summary>The body is no JSON.</summary>
    Malformed,

    /// <summary>The user header is there twice.</summary>
    TwoUsers,

    /// <summary>The model has no price, and such models are rejected.</summary>
    Unpriced,

    /// <summary>The body is in a charset that the guard does not read.</summary>
    Charset,

    /// <summary>The body is larger than the guard reads.</summary>
    TooLarge,
}

/// <summary>Brings about a refusal in an app of its own, and gives the answer.</summary>
internal static class Refusal
{
    public static Cause[] Denials { get; } = [Cause.Throttled, Cause.Rejected, Cause.Held, Cause.ExceedsLimit];

    public static async Task<Told> MeetAsync(Cause cause, ResponseFormat format = ResponseFormat.BudgetGuard, bool exposeAmounts = false)
    {
        FlakyTracker store = new();
        await using ChatApp chat = await ChatApp.StartAsync(
            cause switch
            {
                Cause.Throttled => """{"Budgets":{"burst":{"Limit":0.01,"Period":"Minute","Per":["User"]}}}""",
                Cause.ExceedsLimit => """{"Budgets":{"daily":{"Limit":0.0001,"Period":"Day","Per":["User"]}}}""",
                Cause.TooLarge => """{"MaxInspectedBodyBytes":1024,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""",
                _ => GuardedApp.OneDollarADay,
            },
            configure: setup =>
            {
                setup.Configure = options =>
                {
                    options.ResponseFormat = format;
                    options.ExposeAmounts = exposeAmounts;
                    options.FailOpen = false;
                    options.UnpricedModels = UnpricedModels.Reject;
                };
                setup.Services = cause == Cause.Down ? store.AddTo : static _ => { };
            });
        GuardedApp app = chat.App;
        BudgetLease? other = cause == Cause.Held ? await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 1.00m }) : null;
        if (cause is Cause.Throttled or Cause.Rejected)
        {
            await app.SpendAsync(cause == Cause.Throttled ? 0.01m : 1.00m);
        }

        store.Fault = new InvalidOperationException("Password=hush at Store.Hold()");
        Told told = await Told.ReadAsync(app.Client.SendAsync(RequestOf(cause)));
        Assert.Equal(0, chat.Arrivals);
        if (other is not null)
        {
            await other.DisposeAsync();
        }

        return told;
    }

    private static HttpRequestMessage RequestOf(Cause cause)
    {
        string body = cause switch
        {
            Cause.Malformed => "{",
            Cause.Unpriced => ChatApp.Body("nobody-knows-it"),
            Cause.ExceedsLimit => ChatApp.Body("exp"),
            Cause.TooLarge => ChatApp.Body().PadRight(2_000),
            _ => ChatApp.Body(),
        };
        HttpRequestMessage request = new(HttpMethod.Post, ChatApp.Chat)
        {
            Content = new StringContent(body, cause == Cause.Charset ? Encoding.Unicode : Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-User-ID", cause == Cause.TwoUsers ? ["alice", "bob"] : ["alice"]);
        return request;
    }
}
