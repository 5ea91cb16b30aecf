using BudgetGuard;
using QuickStart;
using Serilog;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddSerilog(logger => logger.ReadFrom.Configuration(builder.Configuration));

// The budgets are in appsettings.json. Who pays, for what, and how much it may cost at most is code.
builder.Services.AddBudgetGuard()
    .UseUserExtractor(Caller.Of)
    .UseOperationExtractor(context =>
        context.Request.Path.StartsWithSegments("/api/chat") ? "chat_completion"
        : context.Request.Path.StartsWithSegments("/api/embedding") ? "text_embedding"
        : null)
    .UseCostEstimator(context => 0.001m + (context.Request.ContentLength * 0.0001m));
builder.Services.AddHealthChecks().AddBudgetGuard();

WebApplication app = builder.Build();
app.UseBudgetGuard();

app.MapPost("/api/chat", (Prompt prompt, HttpContext context) =>
{
    (string reply, TokenUsage usage) = SimulatedModel.Answer(prompt.Text);

    // Null only while EnableBudgetMonitoring is false. What is reported replaces the estimate that was held.
    context.GetBudgetGuard()?.ReportUsage(usage);
    return new { simulated = true, reply };
});

app.MapPost("/api/embedding", (Prompt prompt, HttpContext context) =>
{
    (IReadOnlyList<float> vector, TokenUsage usage) = SimulatedModel.Embed(prompt.Text);
    context.GetBudgetGuard()?.ReportUsage(usage);
    return new { simulated = true, vector };
});

// A fixed price needs no report: the request costs what the endpoint says.
app.MapPost("/api/process", () => new { status = "processed" }).WithCost(0.02m);

// Looking at a budget must not cost any of it.
app.MapGet("/budget", async (HttpContext context, IBudgetGuard guard, CancellationToken cancellationToken) =>
{
    var request = new BudgetRequest { Subject = Caller.Of(context) };
    IReadOnlyList<BudgetBalance> balances = await guard.ReadAsync(request, cancellationToken);
    return balances.Select(balance => new
    {
        balance.Budget,
        Unit = balance.Unit.ToString(),
        balance.Limit,
        balance.Settled,
        balance.Held,
        balance.Available,
        balance.ResetsAt,
    });
}).DisableBudgetGuard();

app.MapHealthChecks("/health");
app.Run();
