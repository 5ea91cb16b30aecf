using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using BudgetGuard.Gateway.Tests.Rig;
using Xunit.Abstractions;

namespace BudgetGuard.Gateway.Tests.Killing;

/// <summary>
/// A gateway with budgets in a file is killed at any moment, under load, and started again. Afterwards the ledger is never below the provider's bill, every settlement
/// that was acknowledged is there, nothing stays held, and no account is above its limit.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Clients = 12;
    private const int Users = 4;

    // A hold of the API; each of its settlements is less.
    private const long Estimate = 50_000;

    private const string Guard = """
        {"Budgets":{
          "own":{"Limit":1000,"Period":"Total","Per":["User"],"OnExceeded":"Reject"},
          "small":{"Limit":0.002,"Period":"Total","Per":["User"],"Match":{"Users":["small*"]},"OnExceeded":"Reject"}}}
        """;

    private static readonly int Kills = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 200 : 20;

    [Fact]
    public async Task Gateway_that_is_killed_forgets_nothing()
    {
        string folder = Directory.CreateTempSubdirectory("budgetguard-kill-").FullName;
        string file = Path.Combine(folder, "budgets.db");
        Books books = new();
        Random random = new(20);
        await using FakeProvider provider = await FakeProvider.StartAsync();
        KilledGateway gateway = await KilledGateway.StartAsync(provider, file, Guard);
        try
        {
            for (int kill = 0; kill < Kills; kill++)
            {
                using CancellationTokenSource stop = new();
                Task[] clients = [.. Enumerable.Range(0, Clients).Select(number => ClientAsync(gateway.Client, books, number, random.Next(), stop.Token))];
                await Task.Delay(random.Next(20, 700));
                if (kill % 2 == 0)
                {
                    KilledGateway dying = gateway;
                    TaskCompletionSource killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    books.AtNextAcknowledgement(() =>
                    {
                        dying.Kill();
                        killed.SetResult();
                    });
                    await killed.Task.WaitAsync(FakeProvider.Patience);
                }

                await gateway.KillAsync();
                await stop.CancelAsync();
                await Task.WhenAll(clients);
                gateway.Dispose();
                await provider.QuietAsync().WaitAsync(FakeProvider.Patience);
                gateway = await KilledGateway.StartAsync(provider, file, Guard);
                await CheckAsync(gateway, books, provider, kill);
            }
        }
        finally
        {
            gateway.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{Kills} kills, {provider.Hits} calls of the provider, {books.Settlements} acknowledged settlements."));
        Assert.True(books.Settlements > Kills, "The load is too small to say anything.");
    }

    private static async Task CheckAsync(KilledGateway gateway, Books books, FakeProvider provider, int kill)
    {
        (long settled, long held, _) = await gateway.AccountAsync("everything", null);
        Assert.True(settled >= provider.Bill + Total(books), $"Kill {kill}: settled {settled}, bill {provider.Bill}, acknowledged {Total(books)}.");
        Assert.True(held == 0, $"Kill {kill}: {held} held.");
        for (int user = 0; user < Users; user++)
        {
            string name = Settler(user);
            (settled, held, _) = await gateway.AccountAsync("own", name);
            Assert.InRange(settled, books.AcknowledgedOf(name), books.AcknowledgedOf(name) + books.UnknownOf(name));
            Assert.Equal(0, held);
            (settled, held, long limit) = await gateway.AccountAsync("small", Small(user));
            Assert.True(settled <= limit, $"Kill {kill}: {settled} settled, the limit is {limit}.");
            Assert.Equal(0, held);
        }
    }

    private static long Total(Books books) => Enumerable.Range(0, Users).Sum(user => books.AcknowledgedOf(Settler(user)));

    private static string Settler(int user) => string.Create(CultureInfo.InvariantCulture, $"settler{user}");

    private static string Small(int user) => string.Create(CultureInfo.InvariantCulture, $"small{user}");

    private static async Task ClientAsync(HttpClient client, Books books, int number, int seed, CancellationToken stop)
    {
        Random random = new(seed);
        int user = number % Users;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await (number % 3 == 0 ? DecideAsync(client, books, Settler(user), random) : AskAsync(client, number % 3 == 1 ? Small(user) : $"ann{user}", random));
            }
            catch (Exception gone) when (gone is HttpRequestException or IOException or JsonException)
            {
                // The gateway was killed.
                return;
            }
        }
    }

    private static async Task AskAsync(HttpClient client, string user, Random random)
    {
        using HttpRequestMessage request = GatewayUnderTest.Post(Calls.Chat, Calls.Body(Calls.Chat, isStream: random.Next(2) == 0, maxTokens: 1 + random.Next(12)), user);
        using HttpResponseMessage answer = await client.SendAsync(request);
        await answer.Content.ReadAsStringAsync();
    }

    private static async Task DecideAsync(HttpClient client, Books books, string user, Random random)
    {
        string hold;
        long cost = random.NextInt64(1, Estimate);
        try
        {
            JsonElement decision = await PostAsync(client, "decisions", new { user, estimated_cost = Estimate / 1_000_000_000m });
            hold = decision.GetProperty("hold_id").GetString()!;
            await PostAsync(client, $"holds/{hold}/settle", new { cost = cost / 1_000_000_000m });
            books.Acknowledged(user, cost);
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or JsonException)
        {
            books.Unknown(user, Estimate);
            throw;
        }
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using HttpResponseMessage answer = await client.PostAsJsonAsync(new Uri($"/budgetguard/api/{path}", UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
