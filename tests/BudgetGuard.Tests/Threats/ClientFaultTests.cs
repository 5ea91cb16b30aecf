using System.Globalization;
using System.IO.Compression;
using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>What clients send never selects open: alice has nothing left, the guard is open on failure, and nothing she sends is answered by the app.</summary>
public sealed class ClientFaultTests
{
    private const string Call = """{"model":"cheap","max_tokens":100,"messages":[{"role":"user","content":"hello"}],"stream":false,"n":1}""";

    private static readonly string[] Paths =
    [
        "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/images/generations", "/v1/audio/transcriptions", "/v1/messages",
        "/v1beta/models/cheap:generateContent", "/model/cheap/converse", "/api/chat", "/api/generate", "/api/other",
    ];

    private static readonly string[] ContentTypes =
    [
        "application/json", "application/json; charset=utf-16", "text/plain", "multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded",
        "application/json; charset=", ";;;", "application/octet-stream", "application/json; charset=\"utf-7\"",
    ];

    private static readonly string[] Encodings = ["", "gzip", "br", "deflate", "identity", "gzip, br", "zstd", "GZIP", ",", "x"];

    private static readonly string[] BadTexts = ["abc", "-5", "NaN", "1e999", "", " ", "99999999999999999999999999999999999999", "\u00e9", "1,5", "0x10"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task T237_No_body_and_no_header_opens_the_guard_for_an_exhausted_user(int seed)
    {
        await using ChatApp chat = await StartAsync(useKestrel: false);
        Random random = new(seed);
        List<string> passed = [];
        HashSet<int> statuses = [];
        for (int i = 0; i < 400; i++)
        {
            using HttpRequestMessage request = Make(random, out string what);
            using HttpResponseMessage answer = await chat.App.Client.SendAsync(request);
            statuses.Add((int)answer.StatusCode);
            if ((int)answer.StatusCode is < 400 or >= 500)
            {
                passed.Add($"{(int)answer.StatusCode}: {what}");
            }
        }

        Assert.Empty(passed);
        Assert.Equal((0, 0), (chat.Arrivals, chat.Model.Hits));
        Assert.Superset(new HashSet<int> { 400, 402, 415 }, statuses);
        Assert.DoesNotContain(chat.App.Logs.GetSnapshot(), static record => record.Id.Name == "GuardFailed");
        Assert.Equal(0m, (await chat.App.BalanceAsync()).Held);
    }

    [Fact]
    public async Task T237_No_message_on_the_wire_opens_the_guard_for_an_exhausted_user()
    {
        await using ChatApp chat = await StartAsync(useKestrel: true);
        Random random = new(237);
        List<string> passed = [];
        for (int i = 0; i < 200; i++)
        {
            string message = MakeRaw(random);
            int[] statuses = RawHttp.Statuses(await RawHttp.SendAsync(chat.App.Address, message));
            if (statuses.Any(static status => status is < 400 or >= 500 and not 501 and not 505))
            {
                passed.Add($"{string.Join(' ', statuses)}: {message}");
            }
        }

        Assert.Empty(passed);
        Assert.Equal((0, 0), (chat.Arrivals, chat.Model.Hits));
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task T237_Body_that_is_not_compressed_as_it_says_is_the_fault_of_the_client(string encoding)
    {
        await using ChatApp chat = await StartAsync(useKestrel: false);
        using HttpResponseMessage answer = await chat.SendAsync([0x1B, 0xFF, 0xFF, 0xFF, 0xFF, .. Encoding.UTF8.GetBytes(Call)], encoding: encoding);
        Assert.Equal(400, (int)answer.StatusCode);
    }

    /// <summary>The app's own extractors fail on what clients send; then the default's answer stands, and with it the budget.</summary>
    private static async Task<ChatApp> StartAsync(bool useKestrel)
    {
        ChatApp chat = null!;
        int others = 0;
        chat = await ChatApp.StartAsync(
            """{"FailOpen":true,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""",
            useKestrel,
            setup => setup.Guard = static guard => guard
                .UseOperationExtractor(static context => Header(context, "X-Op") is { } text ? int.Parse(text, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : null)
                .UseModelExtractor(static context => Header(context, "X-Mod") is { } text ? int.Parse(text, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : null)
                .UseCostEstimator(static context => Header(context, "X-Cost") is { } text ? decimal.Parse(text, CultureInfo.InvariantCulture) : null),
            app => app.Map("/{**rest}", () => $"{Interlocked.Increment(ref others)}"));
        await chat.App.ExhaustAsync();

        // A blank name is nobody's; nobody has nothing left either.
        await chat.App.ExhaustAsync(BudgetSubject.AnonymousUser);
        return chat;
    }

    private static string? Header(HttpContext context, string name) => context.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;

    private static HttpRequestMessage Make(Random random, out string what)
    {
        byte[] body = Mutate(random, Encoding.UTF8.GetBytes(Call));
        string encoding = random.Next(3) == 0 ? Pick(random, Encodings) : string.Empty;
        if (encoding.Length > 0 && random.Next(2) == 0)
        {
            body = Pack(body);
        }

        string contentType = random.Next(2) == 0 ? "application/json" : Pick(random, ContentTypes);
        HttpRequestMessage request = new(Pick(random, [HttpMethod.Post, HttpMethod.Post, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Head, HttpMethod.Options]), Pick(random, Paths))
        {
            Content = new ByteArrayContent(body.Length == 0 ? [(byte)' '] : body),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (encoding.Length > 0)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        request.Headers.TransferEncodingChunked = random.Next(4) == 0 ? true : null;
        string users = random.Next(8) switch
        {
            0 => "alice|bob",
            1 => "bob|alice",
            2 => new string('u', 257),
            3 => "bob\u200b",
            4 => " ",
            _ => "alice",
        };
        request.Headers.TryAddWithoutValidation("X-User-ID", users.Split('|'));
        foreach (string header in (string[])["X-Op", "X-Mod", "X-Cost", "X-Model", "Expect2", "X-HTTP-Method-Override"])
        {
            if (random.Next(5) == 0)
            {
                request.Headers.TryAddWithoutValidation(header, Pick(random, BadTexts));
            }
        }

        // A path of no model API may be asked with a method that is let off: that is no fault of anybody.
        if (request.Method == HttpMethod.Head || request.Method == HttpMethod.Options)
        {
            request.RequestUri = new Uri("/v1/chat/completions", UriKind.Relative);
        }

        what = $"{request.Method} {request.RequestUri} {contentType} {encoding} {users} {request.Headers.ToString().ReplaceLineEndings(" ")} {Encoding.Latin1.GetString(body)}";
        return request;
    }

    private static byte[] Mutate(Random random, byte[] body)
    {
        List<byte> bytes = [.. body];
        for (int times = random.Next(1, 5); times > 0 && bytes.Count > 0; times--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pick(random, ["\"model\":\"exp\",", "\\u0000", "1e999", "-", "{", "]", "\ufeff", "null", "\"max_tokens\":-1,"])));
                    break;
                case 3:
                    bytes.RemoveAt(at);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(20, bytes.Count - at)));
                    break;
                case 5:
                    bytes.InsertRange(at, new byte[] { 0xC3, 0x28, 0xED, 0xA0, 0x80 });
                    break;
                default:
                    bytes.InsertRange(0, Enumerable.Repeat((byte)'[', random.Next(1, 200)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static string MakeRaw(Random random)
    {
        string body = Encoding.Latin1.GetString(Mutate(random, Encoding.UTF8.GetBytes(Call)));
        string odd = Pick(
            random,
            [
                "", "Content-Length: 0\r\n", "Content-Length: -1\r\n", "Content-Length: 1, 2\r\n", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: chunked, identity\r\n",
                "X-User-ID: bob\r\n", "x-user-id: bob\r\n", "X-User-ID : bob\r\n", "X-User-ID:\tbob\0\r\n", " folded: yes\r\n", "X-Cost: abc\r\n", "X-Cost: -1\r\n", "X-Op: \u00ff\u00fe\r\n",
                "Content-Encoding: gzip\r\n", "Content-Encoding: \u00e9\r\n", "Expect: 200-ok\r\n", "Host: other\r\n", "no colon\r\n", ": empty\r\n", "Upgrade: h2c\r\n",
                $"X-Long: {new string('x', 40_000)}\r\n", "Content-Type: application/json; charset=utf-16\r\n",
            ]);
        string target = Pick(random, [.. Paths, "/v1//chat/completions", "/v1/chat%2fcompletions", "/v1/chat/completions;x", "http://localhost/v1/chat/completions", "/V1/CHAT/completions"]);
        string method = Pick(random, ["POST", "POST", "POST", "PUT", "post", "PO ST", "P\u00d6ST"]);
        return RawHttp.Request(method, target, $"X-User-ID: alice\r\n{odd}", body);
    }

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];

    private static byte[] Pack(byte[] body)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
        {
            gzip.Write(body);
        }

        return packed.ToArray();
    }
}
