using System.Net.Http.Headers;
using System.Text.Json;

namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>What an account has, as the API tells it.</summary>
internal readonly record struct Balance(decimal Settled, decimal Held);

/// <summary>Reads accounts through the API, as anybody would.</summary>
internal sealed class Ledger(Uri address, string? key) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient _client = new() { BaseAddress = address };

    public async Task<Balance> ReadAsync(string user, string budget = Budgets.Own)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/budgetguard/api/accounts?budget={budget}&user={Uri.EscapeDataString(user)}");
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        using HttpResponseMessage answer = await _client.SendAsync(request);
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement account = Assert.Single(document.RootElement.EnumerateArray().ToArray());
        return new Balance(account.GetProperty("settled").GetDecimal(), account.GetProperty("held").GetDecimal());
    }

    /// <summary>Reads until nothing is held any more, for what ends when somebody has left; a bounded wait.</summary>
    public async Task<Balance> ReadWhenOverAsync(string user)
    {
        using CancellationTokenSource enough = new(Patience);
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(50));
        Balance balance = await ReadAsync(user);
        while (balance.Held > 0 && await again.WaitForNextTickAsync(enough.Token))
        {
            balance = await ReadAsync(user);
        }

        return balance;
    }

    public void Dispose() => _client.Dispose();
}
