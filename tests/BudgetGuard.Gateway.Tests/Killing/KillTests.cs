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

    // Longer than an answer takes to its client, and the client's signal to the process.
    private static readonly TimeSpan _slow = TimeSpan.FromMilliseconds(80);

    private static readonly int Kills = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 200 : 20;

    [Fact]
    public async Task Gateway_that_is_killed_forgets_nothing() => Assert.Null(await RunAsync(Kills, commitTakes: null, "Strict"));

    [Fact]
    public async Task Gateway_on_a_slow_disk_acknowledges_nothing_before_it_is_there() => Assert.Null(await RunAsync(5, _slow, "Strict"));

    /// <summary>That these kills find what is lost: here nobody waits for the disk, as <c>Relaxed</c> says.</summary>
    [Fact]
    public async Task Gateway_that_does_not_wait_for_a_slow_disk_is_found_out()
    {
        string? violation = await RunAsync(5, _slow, "Relaxed");
        Assert.NotNull(violation);
        output.WriteLine(violation);
    }

    /// <summary>Kills a gateway so many times; tells what of its promises it broke, if any.</summary>
    private async Task<string?> RunAsync(int kills, TimeSpan? commitTakes, string durability)
    {
        string folder = Directory.CreateTempSubdirectory("budgetguard-kill-").FullName;
        string file = Path.Combine(folder, "budgets.db");
        Books books = new();
        Random random = new(20);
        await using FakeProvider provider = await FakeProvider.StartAsync();
        KilledGateway gateway = await StartAsync();
        try
        {
            for (int kill = 0; kill < kills; kill++)
            {
                using CancellationTokenSource stop = new();
                Task[] clients = [.. Enumerable.Range(0, Clients).Select(number => ClientAsync(gateway.Client, books, number, random.Next(), stop.Token))];

                // The moment of the kill, in a process whose clock is real.
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
                gateway = await StartAsync();
                if (await ViolationAsync(gateway, books, provider) is { } violation)
                {
                    return $"Kill {kill}: {violation}.";
                }
            }
        }
        finally
        {
            gateway.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{kills} kills, {provider.Hits} calls of the provider, {books.Settlements} acknowledged settlements."));
        Assert.True(books.Settlements > (commitTakes is null ? kills : kills / 2), "The load is too small to say anything.");
        return null;

        Task<KilledGateway> StartAsync() => KilledGateway.StartAsync(provider, file, Guard, commitTakes, ("BudgetGuard:Sqlite:Durability", durability));
    }

    private static async Task<string?> ViolationAsync(KilledGateway gateway, Books books, FakeProvider provider)
    {
        (long settled, long held, _) = await gateway.AccountAsync("everything", null);
        if (settled < provider.Bill + Total(books) || held != 0)
        {
            return $"everybody has {settled} settled and {held} held, the provider's bill is {provider.Bill}, acknowledged are {Total(books)}";
        }

        for (int user = 0; user < Users; user++)
        {
            string name = Settler(user);
            (settled, held, _) = await gateway.AccountAsync("own", name);
            if (settled < books.AcknowledgedOf(name) || settled > books.AcknowledgedOf(name) + books.UnknownOf(name) || held != 0)
            {
                return $"{name} has {settled} settled and {held} held, acknowledged are {books.AcknowledgedOf(name)}, unknown at most {books.UnknownOf(name)}";
            }

            (settled, held, long limit) = await gateway.AccountAsync("small", Small(user));
            if (settled > limit || held != 0)
            {
                return $"{Small(user)} has {settled} settled and {held} held, the limit is {limit}";
            }
        }

        return null;
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
