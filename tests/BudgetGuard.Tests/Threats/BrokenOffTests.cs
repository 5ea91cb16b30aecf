using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>An upstream that broke off may bill what nobody got: an error that is answered for it does not make the work free.</summary>
public sealed class BrokenOffTests
{
    private const string Path = "/run/v1/chat/completions";
    private const string Whole = """{"model":"cheap","max_tokens":5000,"messages":[{"role":"user","content":"hello"}]}""";
    private const string Stream = """{"model":"cheap","stream":true,"max_tokens":5000,"messages":[{"role":"user","content":"hello"}]}""";
    private const string Error = "{\"error\":\"The upstream broke off.\"}";
    private const decimal Token = 0.000002m;

    [Theory]
    [InlineData(Whole, 5000)]
    [InlineData(Stream, 1024)]
    public async Task T100_Call_that_broke_off_before_its_first_word_is_charged_what_it_held(string body, int tokens)
    {
        await using GuardedApp app = await StartAsync(static context =>
        {
            context.GetBudgetGuard()!.ReportCutShort();
            return FailAsync(context);
        });
        using HttpResponseMessage answer = await app.PostAsync(Path, body);
        Assert.Equal(502, (int)answer.StatusCode);
        await app.QuietAsync();
        Books books = await Books.ReadAsync(app);
        Assert.InRange(books.Money, tokens * Token, (tokens * Token) + 0.0001m);
    }

    [Fact]
    public async Task Error_of_an_app_that_says_nothing_of_a_broken_call_costs_nothing()
    {
        await using GuardedApp app = await StartAsync(FailAsync);
        using HttpResponseMessage answer = await app.PostAsync(Path, Stream);
        await app.QuietAsync();
        Assert.Equal(new Books(0m, 0m, 1), await Books.ReadAsync(app));
    }

    [Fact]
    public async Task T100_Stream_that_is_taken_back_for_an_error_is_charged_and_leaves_nothing_in_the_error()
    {
        await using GuardedApp app = await StartAsync(static async context =>
        {
            context.Response.ContentType = "text/event-stream";

            // Kept back by the guard, because it may become the chunk with the usage.
            await context.Response.Body.WriteAsync("data: {\"choices\":[{\"delta\":{\"content\":\"word word word word\""u8.ToArray());
            await FailAsync(context);
        });
        using HttpResponseMessage answer = await app.PostAsync(Path, Stream);
        Assert.Equal(502, (int)answer.StatusCode);
        Assert.Equal(Error, await answer.Content.ReadAsStringAsync());
        await app.QuietAsync();
        Books books = await Books.ReadAsync(app);
        Assert.InRange(books.Money, 16 * Token, 1100 * Token);
    }

    [Fact]
    public async Task Work_cannot_be_said_to_be_cut_short_when_the_request_has_ended()
    {
        IBudgetGuardFeature? kept = null;
        await using GuardedApp app = await StartAsync(context =>
        {
            kept = context.GetBudgetGuard();
            return context.Response.WriteAsync("{}");
        });
        using HttpResponseMessage answer = await app.PostAsync(Path, Whole);
        await answer.Content.ReadAsStringAsync();
        Assert.Throws<InvalidOperationException>(() => kept!.ReportCutShort());
    }

    private static Task FailAsync(HttpContext context)
    {
        context.Response.Clear();
        context.Response.StatusCode = 502;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Error.Length;
        return context.Response.WriteAsync(Error);
    }

    private static Task<GuardedApp> StartAsync(RequestDelegate run)
    {
        GuardedAppSetup setup = new() { UseKestrel = true };
        setup.Keys["BudgetGuard:PriceFile"] = FakeModel.WritePriceFile();
        setup.Keys["BudgetGuard:RequestStreamUsage"] = "true";
        setup.Pipeline = app =>
        {
            app.UseBudgetGuard();
            app.MapPost(Path, run);
        };
        return GuardedApp.StartAsync(Books.Section, setup);
    }
}
