using System.Threading.Channels;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>Clients that leave, on real connections: each request is charged once for what may have been spent, and nothing stays held.</summary>
public sealed class AbortTests
{
    private const int Times = 5;
    private const int Uploads = 50;
    private const string Path = "/run/v1/chat/completions";
    private const string Upload = "/api/upload";
    private const string Answer = """{"id":"x","object":"chat.completion","model":"cheap","choices":[]}""";
    private const string WithUsage = """{"id":"x","object":"chat.completion","model":"cheap","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Books Usage = new(0.0002m, 150, 1);

    /// <summary>What the app does, what the client reads before it leaves, and what is charged; null: the estimate.</summary>
    private static readonly Dictionary<string, (Func<Visit, Task> Run, string? Reads, Books? Charged)> Rows = new()
    {
        ["before the first byte (T92)"] = (static async visit => await visit.GoneAsync(), null, null),
        ["before the first byte, and the app returns (T92)"] = (static async visit => await visit.IsGoneAsync(), null, null),
        ["before the first byte, and a proxy says 400 (T92)"] = (Then(static context => context.Response.StatusCode = 400), null, null),
        ["before the first byte, and a proxy says 502 (T92)"] = (Then(static context => context.Response.StatusCode = 502), null, null),
        ["before the first byte, and the app fails (T92)"] = (Then(static _ => throw new InvalidOperationException("broken")), null, null),
        ["before the first byte, and the upload to the provider breaks (T92)"] = (Then(static _ => throw new IOException("reset")), null, null),
        ["before the first byte, and the app answers (T96)"] = (Writes(Answer, observed: true), null, null),
        ["before the first byte, and the app answers with usage (T96)"] = (Writes(WithUsage, observed: true), null, Usage),
        ["before the first byte, unseen by the app (T96)"] = (Writes(Answer, observed: false), null, null),
        ["before the first byte, unseen by the app that tells usage (T96)"] = (Writes(WithUsage, observed: false), null, Usage),
        ["in the middle (T93)"] = (Half(goesOn: false), "\"object\"", null),
        ["in the middle, and the app goes on to the usage (T93, T96)"] = (Half(goesOn: true), "\"object\"", Usage),
        ["right after the usage (T94)"] = (WholeThenGone(WithUsage), "total_tokens", Usage),
        ["right after an answer without usage (T94)"] = (WholeThenGone(Answer), "choices", null),
        ["after the app reported"] = (static async visit =>
        {
            visit.Context.GetBudgetGuard()!.ReportUsage(new TokenUsage { Model = "exp", InputTokens = 10, OutputTokens = 1 });
            await visit.GoneAsync();
        }, null, new Books(0.0002m, 11, 1)),
        ["after the app reported nothing spent (T110)"] = (static async visit =>
        {
            visit.Context.GetBudgetGuard()!.ReportUsage(new TokenUsage());
            await visit.GoneAsync();
        }, null, new Books(0, 0, 1)),
    };

    public static TheoryData<string, bool> All() => EachRow.BothWays(Rows.Keys);

    [Theory]
    [MemberData(nameof(All))]
    public async Task Client_that_leaves_is_charged_once(string row, bool reset)
    {
        (Func<Visit, Task> run, string? reads, Books? charged) = Rows[row];
        EndOfRequests ends = new();
        Channel<Visit> visits = Channel.CreateUnbounded<Visit>();
        Books estimate = default;
        await using GuardedApp app = await StartAsync(ends, visits.Writer, async visit =>
        {
            CostEstimate held = visit.Context.GetBudgetGuard()!.Request.Estimate!.Value;
            estimate = new Books(held.CostUsd, held.Tokens, 1);
            await run(visit);
        });
        for (int times = 1; times <= Times; times++)
        {
            using OpenConnection client = await OpenConnection.SendAsync(
                app.Address, RawHttp.Request("POST", Path, "X-User-ID: alice\r\nContent-Type: application/json\r\n", ChatApp.Body(maxTokens: 200)));
            Visit visit = await visits.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            if (reads is not null)
            {
                await client.ReadUntilAsync(reads);
            }

            client.Leave(reset);
            visit.Left.SetResult();
            await ends.NextAsync();
            Assert.True(estimate.Money > Usage.Money);
            Assert.Equal((charged ?? estimate) * times, await Books.ReadAsync(app));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T92_Loop_of_aborts_uses_the_budget_up(bool reset)
    {
        EndOfRequests ends = new();
        Channel<Visit> visits = Channel.CreateUnbounded<Visit>();
        decimal bill = 0;
        await using GuardedApp app = await StartAsync(
            ends,
            visits.Writer,
            async visit =>
            {
                bill += 0.0002m;
                await visit.GoneAsync();
            },
            """{"Budgets":{"daily":{"Limit":0.005,"Period":"Day","Per":["User"]}}}""");
        int admitted = 0;
        for (int i = 0; i < 50; i++)
        {
            using OpenConnection client = await OpenConnection.SendAsync(app.Address, RawHttp.Request("POST", Path, body: ChatApp.Body(maxTokens: 200)));
            Task<int> ended = ends.NextAsync();
            Task<Visit> visited = visits.Reader.ReadAsync().AsTask();
            if (await Task.WhenAny(ended, visited).WaitAsync(Patience) == ended)
            {
                Assert.Equal(402, await ended);
                break;
            }

            admitted++;
            client.Leave(reset);
            await ended;
        }

        BudgetBalance balance = await app.BalanceAsync();
        Assert.Equal(0m, balance.Held);
        Assert.InRange(balance.Settled, bill, 0.005m);
        Assert.InRange(admitted, 1, 24);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_that_leaves_during_the_upload_to_a_model_api_is_charged_nothing(bool reset)
    {
        EndOfRequests ends = new();
        Channel<Visit> visits = Channel.CreateUnbounded<Visit>();
        await using GuardedApp app = await StartAsync(ends, visits.Writer, static _ => Task.CompletedTask);
        for (int i = 0; i < Uploads; i++)
        {
            string body = ChatApp.Body();
            using OpenConnection client = await OpenConnection.SendAsync(
                app.Address, RawHttp.Request("POST", Path, body: body)[..^(1 + i % (body.Length - 1))]);
            await ends.BegunAsync();
            client.Leave(reset);
            await ends.NextAsync();
        }

        Assert.False(visits.Reader.TryRead(out _));
        Assert.Equal(default, await Books.ReadAsync(app));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Client_that_leaves_during_the_upload_to_the_app_is_charged_its_estimate(bool reset, bool watchesToken)
    {
        EndOfRequests ends = new();
        Channel<Visit> visits = Channel.CreateUnbounded<Visit>();
        await using GuardedApp app = await StartAsync(ends, visits.Writer, async visit =>
        {
            byte[] buffer = new byte[100];
            CancellationToken token = watchesToken ? visit.Context.RequestAborted : CancellationToken.None;
            while (await visit.Context.Request.Body.ReadAsync(buffer, token) > 0)
            {
            }
        });
        for (int times = 1; times <= Uploads; times++)
        {
            using OpenConnection client = await OpenConnection.SendAsync(
                app.Address, RawHttp.Request("POST", Upload, body: new string('x', 1_000))[..^500]);
            await visits.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            client.Leave(reset);
            await ends.NextAsync();
            Assert.Equal(new Books(0.10m, 0, 1) * times, await Books.ReadAsync(app));
        }
    }

    private static Func<Visit, Task> Then(Action<HttpContext> act) => async visit =>
    {
        await visit.IsGoneAsync();
        act(visit.Context);
    };

    private static Func<Visit, Task> Writes(string body, bool observed) => async visit =>
    {
        await (observed ? visit.IsGoneAsync() : visit.Left.Task.WaitAsync(Patience));
        visit.Context.Response.ContentType = "application/json";
        await visit.Context.Response.WriteAsync(body, CancellationToken.None);
    };

    private static Func<Visit, Task> Half(bool goesOn) => async visit =>
    {
        visit.Context.Response.ContentType = "application/json";
        await visit.Context.Response.WriteAsync(WithUsage[..40]);
        await visit.Context.Response.Body.FlushAsync();
        if (!goesOn)
        {
            await visit.GoneAsync();
        }

        await visit.IsGoneAsync();
        await visit.Context.Response.WriteAsync(WithUsage[40..], CancellationToken.None);
    };

    private static Func<Visit, Task> WholeThenGone(string body) => async visit =>
    {
        visit.Context.Response.ContentType = "application/json";
        await visit.Context.Response.WriteAsync(body);
        await visit.Context.Response.Body.FlushAsync();
        await visit.GoneAsync();
    };

    private static Task<GuardedApp> StartAsync(
        EndOfRequests ends, ChannelWriter<Visit> visits, Func<Visit, Task> run, string section = Books.Section)
    {
        GuardedAppSetup setup = new() { UseKestrel = true };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        async Task VisitAsync(HttpContext context)
        {
            Visit visit = new(context);
            visits.TryWrite(visit);
            await run(visit);
        }

        setup.Pipeline = app =>
        {
            app.Use(ends.SignalAsync);
            app.UseBudgetGuard();
            app.MapPost(Path, VisitAsync);
            app.MapPost(Upload, VisitAsync).WithCost(0.10m);
        };
        return GuardedApp.StartAsync(section, setup);
    }

    /// <summary>One request in the app.</summary>
    private sealed class Visit(HttpContext context)
    {
        public HttpContext Context => context;

        /// <summary>Completed once the client has closed its end, whether or not the server has seen it.</summary>
        public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Works until the server sees that the client is gone, and throws as work does that is cancelled.</summary>
        public Task GoneAsync() => new TaskCompletionSource().Task.WaitAsync(Patience, Context.RequestAborted);

        /// <summary>As <see cref="GoneAsync"/>, but goes on.</summary>
        public async Task IsGoneAsync()
        {
            await GoneAsync().ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            Assert.True(Context.RequestAborted.IsCancellationRequested);
        }
    }
}
