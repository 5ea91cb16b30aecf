using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Api.Administration;

/// <summary>Maps a route of the API with all that documents say of it.</summary>
internal static class ApiMapping
{
    public static IEndpointConventionBuilder Add<TApi>(
        this RouteGroupBuilder group, string method, string pattern, string name, string summary, Delegate shape, Func<TApi, HttpContext, Task> answer)
        where TApi : notnull
    {
        Task HandleAsync(HttpContext context) => answer(context.RequestServices.GetRequiredService<TApi>(), context);
        return group.MapMethods(pattern, [method], (RequestDelegate)HandleAsync)
            .WithName($"BudgetGuard{name}")
            .WithSummary(summary)
            .WithTags("BudgetGuard")
            .WithMetadata([shape.Method, .. shape.Method.GetParameters().Select(static parameter => new ApiParameter(parameter))]);
    }

    /// <summary>Says what a route answers.</summary>
    public static IEndpointConventionBuilder Answers<T>(this IEndpointConventionBuilder endpoint, params ReadOnlySpan<int> problems)
    {
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
        foreach (int status in (ReadOnlySpan<int>)[StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, .. problems])
        {
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Microsoft.AspNetCore.Mvc.ProblemDetails), [ApiProblem.MediaType]));
        }

        return endpoint;
    }

    /// <summary>Says that a route answers with events for as long as it is listened to.</summary>
    public static IEndpointConventionBuilder Streams(this IEndpointConventionBuilder endpoint) =>
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(string), ["text/event-stream"]));

    /// <summary>Answers what is no route, and what a route does not take, behind the same access rule as the routes.</summary>
    public static void AddUnknown(this RouteGroupBuilder group, params ReadOnlySpan<(string Pattern, string Allow)> routes)
    {
        foreach ((string pattern, string allow) in routes)
        {
            group.Map(pattern, context =>
            {
                context.Response.Headers.Allow = allow;
                return ApiProblem.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", $"This route takes {allow}.");
            });
        }

        group.Map("/{**path}", static context => ApiProblem.WriteAsync(context, StatusCodes.Status404NotFound, "not_found", "There is no such route."));
    }
}
