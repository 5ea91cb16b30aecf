using System.Text.Json.Serialization;
using BudgetGuard.Gateway.Callers;
using BudgetGuard.Gateway.Settings;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace BudgetGuard.Gateway.Administration;

/// <summary>The guard's API in the gateway, with a document that describes it and a page that shows the document; all behind one rule of access.</summary>
internal static class ApiHosting
{
    public const string DocumentName = "v1";

    private const string Scheme = "adminKey";

    public static void AddApiDocument(this IServiceCollection services, GatewaySettings settings)
    {
        // The document says of numbers what these options do; the API takes no text for one.
        services.ConfigureHttpJsonOptions(static options => options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        services.AddOpenApi(DocumentName, options =>
        {
            options.ShouldInclude = static description =>
                description.RelativePath?.StartsWith(BudgetGuardApiExtensions.DefaultPrefix[1..], StringComparison.OrdinalIgnoreCase) == true;
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "BudgetGuard",
                    Version = DocumentName,
                    Description = "Budgets, accounts, spend, decisions and alerts. Money is in US dollars, times are RFC 3339 in UTC, errors are RFC 9457 problems.",
                };
                if (settings.AdminKey is not null)
                {
                    document.AddComponent(Scheme, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" });
                    document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
                }

                return Task.CompletedTask;
            });
        });
    }

    public static void MapApi(this WebApplication app, GatewaySettings settings)
    {
        RouteGroupBuilder group = app.MapBudgetGuardApi();
        if (settings.AdminKey is { } key)
        {
            group.RequireAdminKey(key);
        }

        CallerKeys callers = app.Services.GetRequiredService<CallerKeys>();
        if (!callers.IsEmpty)
        {
            group.AllowOwnAccounts(context => IsCaller(context, callers));
        }

        group.MapOpenApi("/openapi/{documentName}.json");
        group.MapScalarApiReference("/docs", static options =>
        {
            options.Title = "BudgetGuard";
            options.OpenApiRoutePattern = $"{BudgetGuardApiExtensions.DefaultPrefix}/openapi/{{documentName}}.json";
            options.AddDocument(DocumentName);

            // Nothing of the page comes from elsewhere, and nothing of it goes there.
            options.DefaultFonts = false;
            options.Telemetry = false;
        });
    }

    /// <summary>Whose key a request presents is whose accounts it reads.</summary>
    private static bool IsCaller(HttpContext context, CallerKeys callers)
    {
        Caller? caller = callers.Find(context.Request, isGemini: false);
        context.Features.Set(caller);
        return caller is not null;
    }
}
