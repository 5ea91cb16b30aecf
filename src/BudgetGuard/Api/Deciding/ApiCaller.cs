using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Api.Deciding;

/// <summary>Tells callers of the API apart, so that nobody ends what another began: by who was authenticated, else by the credential that was presented.</summary>
internal static class ApiCaller
{
    public static string Of(HttpContext context)
    {
        if (context.User is { Identity.IsAuthenticated: true } principal
            && (principal.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? principal.FindFirst("sub")?.Value ?? principal.Identity.Name) is { Length: > 0 } name)
        {
            return "name:" + name;
        }

        StringValues credential = context.Request.Headers.Authorization;
        return StringValues.IsNullOrEmpty(credential)
            ? "none"
            : "key:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(credential.ToString())));
    }
}
