using BudgetGuard.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BudgetGuard.Api.Deciding;

/// <summary>The routes by which another framework has the guard decide.</summary>
internal static class DecisionRoutes
{
    // Bodies that say how a hold ends are a few counts long.
    private const int SmallBody = 64 * 1024;

    public static IServiceCollection AddDecisions(this IServiceCollection services)
    {
        services.TryAddSingleton<HoldRegister>();
        services.TryAddSingleton<HoldNotes>();
        services.TryAddSingleton<HoldFinder>();
        services.TryAddSingleton<DecisionResults>();
        services.TryAddSingleton<DecisionAssessor>();
        services.TryAddSingleton<Decider>();
        services.TryAddSingleton<ReportedUsage>();
        services.TryAddSingleton<HoldEnder>();
        services.TryAddSingleton<Authorizer>();
        return services;
    }

    /// <summary>Has what is known of holds kept beside the budgets.</summary>
    public static void KeepHolds(this IServiceCollection services, Func<IServiceProvider, IHoldNoteStore> open) =>
        services.Replace(ServiceDescriptor.Singleton(open));

    /// <summary>Maps them; the guard does not guard them themselves.</summary>
    public static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/decisions", DecideAsync).WithName("BudgetGuardDecide").WithSummary("Decides on a request and holds its cost")
            .WithMetadata(DecisionShapes.Question).Produces<DecisionAnswer>().ProducesProblems(400, 408, 409, 413, 415, 503);
        group.MapPost("/holds/{id}/settle", SettleAsync).WithName("BudgetGuardSettle").WithSummary("Charges what the work really used")
            .WithMetadata(DecisionShapes.Settlement).Produces<SettledAnswer>().ProducesProblems(400, 404, 408, 409, 413, 415, 503);
        group.MapPost("/holds/{id}/extend", ExtendAsync).WithName("BudgetGuardExtend").WithSummary("Holds more, for longer")
            .WithMetadata(DecisionShapes.Extension).Produces<DecisionAnswer>().ProducesProblems(400, 404, 408, 409, 413, 415, 503);
        group.MapDelete("/holds/{id}", ReleaseAsync).WithName("BudgetGuardRelease").WithSummary("Gives everything back that is held")
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 503);

        // Any method: it is that of the request that is asked about, or what the proxy likes.
        foreach (string pattern in (ReadOnlySpan<string>)["/authorize", "/authorize/{**rest}"])
        {
            group.Map(pattern, static context => context.RequestServices.GetRequiredService<Authorizer>().AnswerAsync(context)).DisableBudgetGuard();
        }
    }

    private static async Task<DecisionResult> DecideAsync(
        HttpContext context,
        [FromServices] DecisionAssessor assessor,
        [FromServices] Decider decider,
        [FromServices] SettingsSource settings,
        [FromServices] TimeProvider time)
    {
        (DecisionInput? input, Problem? problem) = await StrictBody.ReadAsync(
            context, DecisionJson.Default.DecisionInput, settings.Current.MaxInspectedBodyBytes, time);
        if (input is null)
        {
            return problem!;
        }

        try
        {
            (DecisionTerms? terms, problem) = await assessor.AssessAsync(context, input);
            return terms is null ? problem! : await decider.DecideAsync(ApiCaller.Of(context), input, terms, context.RequestAborted);
        }
        catch (BudgetGuardUnavailableException)
        {
            return Problem.Unavailable("The budget guard cannot decide now: an estimator of the app failed.");
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return Problem.ClientLeft();
        }
    }

    private static async Task<DecisionResult> ExtendAsync(
        HttpContext context, string id, [FromServices] HoldFinder holds, [FromServices] Decider decider, [FromServices] TimeProvider time)
    {
        (ExtendInput? input, Problem? problem) = await StrictBody.ReadAsync(context, DecisionJson.Default.ExtendInput, SmallBody, time);
        problem ??= input!.Cost is not { } more ? Problem.Of("cost", "must be there") : more.Problem is { } wrong ? Problem.Of("cost", wrong) : null;
        if (problem is not null)
        {
            return problem;
        }

        (DecidedHold? hold, problem) = await holds.FindAsync(ApiCaller.Of(context), id);
        return hold is null ? problem! : await decider.ExtendAsync(hold, input!.Cost!.Value.Value);
    }

    private static async Task<SettleResult> SettleAsync(
        HttpContext context, string id, [FromServices] HoldFinder holds, [FromServices] HoldEnder ender, [FromServices] TimeProvider time)
    {
        (SettleInput? input, Problem? problem) = await StrictBody.ReadAsync(context, DecisionJson.Default.SettleInput, SmallBody, time);
        problem ??= FaultOf(input!);
        if (problem is not null)
        {
            return problem;
        }

        (DecidedHold? hold, problem) = await holds.FindAsync(ApiCaller.Of(context), id);
        return hold is null ? problem! : await ender.SettleAsync(hold, input!);
    }

    private static async Task<Results<NoContent, Problem>> ReleaseAsync(
        HttpContext context, string id, [FromServices] HoldFinder holds, [FromServices] HoldEnder ender)
    {
        (DecidedHold? hold, Problem? problem) = await holds.FindAsync(ApiCaller.Of(context), id);
        problem ??= await ender.ReleaseAsync(hold!);
        return problem is null ? TypedResults.NoContent() : problem;
    }

    private static Problem? FaultOf(SettleInput input)
    {
        if (input.Cost is { } cost)
        {
            return cost.Problem is { } wrong ? Problem.Of("cost", wrong)
                : input.Usage is not null ? Problem.Of("usage", "must not be there beside 'cost'")
                : input.Model is not null ? Problem.Of("model", "must not be there beside 'cost'")
                : null;
        }

        return input.Usage is null ? Problem.Of("cost", "must be there, or 'model' and 'usage'")
            : input.Model is null ? Problem.Of("model", "must be there beside 'usage'")
            : DecisionAssessor.FaultOf("model", input.Model);
    }

    private static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in (ReadOnlySpan<int>)[StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, .. statuses])
        {
            builder.ProducesProblem(status);
        }

        return builder.WithTags("BudgetGuard").DisableBudgetGuard();
    }
}
