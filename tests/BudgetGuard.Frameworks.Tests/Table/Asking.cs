using System.Globalization;
using System.Text;
using System.Text.Json;
using BudgetGuard.Frameworks.Tests.Rig;

namespace BudgetGuard.Frameworks.Tests.Table;

/// <summary>What the cases send to an app.</summary>
internal static class Asking
{
    private static int _users;

    /// <summary>A user nobody else has: no case sees another's money.</summary>
    public static string NewUser(string prefix = "user") => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{Interlocked.Increment(ref _users)}");

    public static async Task<HttpResponseMessage> WorkAsync(
        this IFrameworkApp app, string user, string body = "{}", decimal estimate = Budgets.Estimate, string path = "/api/work", bool isStream = false)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Test-User", user);
        request.Headers.Add("X-Test-Estimate", estimate.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("X-Test-Model", "gpt-4o");
        return await app.Client.SendAsync(request, isStream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead);
    }

    public static async Task<int> WorkStatusAsync(this IFrameworkApp app, string user, string body = "{}", decimal estimate = Budgets.Estimate, string path = "/api/work")
    {
        using HttpResponseMessage answer = await app.WorkAsync(user, body, estimate, path);
        return (int)answer.StatusCode;
    }

    /// <summary>Asks for work that hangs, reads that it began, and leaves.</summary>
    public static async Task LeaveAsync(this IFrameworkApp app, string user, string body)
    {
        using HttpResponseMessage answer = await app.WorkAsync(user, body, isStream: true);
        await using Stream content = await answer.Content.ReadAsStreamAsync();
        byte[] first = new byte[1];
        await content.ReadExactlyAsync(first);
    }

    public static async Task<int> CallsAsync(this IFrameworkApp app) => (await app.BillAsync()).GetProperty("calls").GetInt32();

    public static async Task<decimal> BilledAsync(this IFrameworkApp app) =>
        decimal.Parse((await app.BillAsync()).GetProperty("cost").GetString()!, CultureInfo.InvariantCulture);

    private static async Task<JsonElement> BillAsync(this IFrameworkApp app)
    {
        using JsonDocument bill = JsonDocument.Parse(await app.Client.GetStringAsync(new Uri("/bill", UriKind.Relative)));
        return bill.RootElement.Clone();
    }
}
