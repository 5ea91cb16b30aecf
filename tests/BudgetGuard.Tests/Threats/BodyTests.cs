using System.IO.Compression;
using System.Text;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Threats;

/// <summary>Bodies that another parser may read otherwise. Alice has a cent left, the guard is open on failure, and the provider must not be asked.</summary>
public sealed class BodyTests
{
    private const string Expensive = """{"model":"exp","max_tokens":10000,"messages":[{"role":"user","content":"hello"}]}""";

    /// <summary>A hundredth dollar is left: one call of the expensive model does not fit.</summary>
    private static readonly (string Name, string Body)[] Refused =
    [
        ("T53 model twice, cheap first", """{"model":"cheap","model":"exp","messages":[]}"""),
        ("T53 model twice, cheap last", """{"model":"exp","model":"cheap","messages":[]}"""),
        ("T53 max_tokens twice", """{"model":"cheap","max_tokens":1,"max_tokens":100000,"messages":[]}"""),
        ("T53 n twice", """{"model":"cheap","n":1,"n":1000,"messages":[]}"""),
        ("T53 stream twice", """{"model":"cheap","stream":false,"stream":true,"messages":[]}"""),
        ("T54 escaped duplicate", "{\"model\":\"cheap\",\"\\u006dodel\":\"exp\",\"messages\":[]}"),
        ("T55 Model beside model", """{"model":"cheap","Model":"exp","messages":[]}"""),
        ("T55 MODEL alone", """{"MODEL":"exp","messages":[]}"""),
        ("T55 Max_Tokens", """{"model":"cheap","max_tokens":1,"Max_Tokens":100000,"messages":[]}"""),
        ("T55 N", """{"model":"cheap","n":1,"N":1000,"messages":[]}"""),
        ("T61 depth 65", Nested(65)),
        ("T61 depth 900", Nested(900)),
        ("T61 depth 100000", Nested(100_000)),
        ("T62 nothing", ""),
        ("T62 spaces", "  \r\n "),
        ("T62 text behind", """{"model":"cheap","messages":[]} {"model":"exp"}"""),
        ("T62 comment", """{"model":"cheap",/* exp */"messages":[]}"""),
        ("T62 comma behind", """{"model":"cheap","messages":[],}"""),
        ("T62 NaN", """{"model":"cheap","max_tokens":NaN,"messages":[]}"""),
        ("T62 Infinity", """{"model":"cheap","max_tokens":Infinity,"messages":[]}"""),
        ("T62 plus", """{"model":"cheap","max_tokens":+1,"messages":[]}"""),
        ("T62 leading zeros", """{"model":"cheap","max_tokens":007,"messages":[]}"""),
        ("T62 single quotes", """{'model':'cheap'}"""),
        ("T62 half", """{"model":"cheap","messages":["""),
        ("T65 list", """{"model":["cheap"],"messages":[]}"""),
        ("T65 object", """{"model":{"a":"cheap"},"messages":[]}"""),
        ("T65 number", """{"model":5,"messages":[]}"""),
        ("T65 null", """{"model":null,"messages":[]}"""),
        ("T65 true", """{"model":true,"messages":[]}"""),
        ("T65 empty", """{"model":"","messages":[]}"""),
        ("T65 a megabyte", $$"""{"model":"{{new string('x', 1_000_000)}}","messages":[]}"""),
        ("T65 space behind", """{"model":"cheap ","messages":[]}"""),
        ("T65 zero byte", "{\"model\":\"cheap\\u0000\",\"messages\":[]}"),
        ("T65 stream as text", """{"model":"cheap","stream":"true","messages":[]}"""),
        ("T65 other case costs the same", """{"model":"EXP","max_tokens":10000,"messages":[]}"""),
        ("T70 lone surrogate in the model", "{\"model\":\"cheap\\ud800\",\"messages\":[]}"),
        ("T70 lone surrogate in a name", "{\"\\udc00\":1,\"model\":\"cheap\",\"messages\":[]}"),
        ("T71 array of calls", $"[{string.Join(',', Enumerable.Repeat(Expensive, 1_000))}]"),
        ("T72 negative cap", """{"model":"cheap","max_tokens":-1000000,"messages":[]}"""),
        ("T72 negative answers", """{"model":"cheap","n":-1,"messages":[]}"""),
        ("T72 no answer", """{"model":"cheap","n":0,"messages":[]}"""),
        ("T73 1e400", """{"model":"cheap","max_tokens":1e400,"messages":[]}"""),
        ("T73 above int64", """{"model":"cheap","max_tokens":9223372036854775808,"messages":[]}"""),
        ("T73 above decimal", """{"model":"cheap","max_tokens":79228162514264337593543950336,"messages":[]}"""),
        ("T73 true", """{"model":"cheap","max_tokens":true,"messages":[]}"""),
        ("T73 a part", """{"model":"cheap","max_tokens":1.5,"messages":[]}"""),
        ("T75 product above int32", """{"model":"cheap","n":1000000,"max_tokens":2147483647,"messages":[]}"""),
        ("T75 product above int64", """{"model":"cheap","n":1000000000000,"max_tokens":1000000000000,"messages":[]}"""),
        ("T76 a million answers", """{"model":"cheap","n":1000000,"max_tokens":1,"messages":[]}"""),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_with_two_readings_or_too_dear_never_reaches_the_provider(bool useKestrel)
    {
        await using ChatApp chat = await WithACentAsync(useKestrel);
        List<string> passed = [];
        foreach ((string name, string body) in Refused)
        {
            using HttpResponseMessage answer = await chat.SendAsync(body);
            if ((int)answer.StatusCode is < 400 or >= 500 || chat.Arrivals > 0 || answer.Content.Headers.ContentType?.MediaType != "application/json")
            {
                passed.Add($"{name}: {answer.StatusCode}, {chat.Arrivals} arrivals");
            }
        }

        Assert.Empty(passed);
        await AssertUntouchedAsync(chat);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T56_Other_charsets_never_reach_the_provider(bool useKestrel)
    {
        await using ChatApp chat = await WithACentAsync(useKestrel);
        foreach (Encoding encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, new UTF32Encoding(bigEndian: true, byteOrderMark: true)])
        {
            foreach (byte[] mark in (byte[][])[[], encoding.GetPreamble()])
            {
                foreach (string type in (string[])["application/json", $"application/json; charset={encoding.WebName}"])
                {
                    using HttpResponseMessage answer = await chat.SendAsync([.. mark, .. encoding.GetBytes(Expensive)], type);
                    Assert.True((int)answer.StatusCode is 400 or 415, $"{encoding.WebName}, {type}: {answer.StatusCode}");
                }
            }
        }

        using HttpResponseMessage marked = await chat.SendAsync([.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(Expensive)]);
        Assert.Equal(402, (int)marked.StatusCode);
        await AssertUntouchedAsync(chat);
    }

    [Theory]
    [InlineData(false, "gzip", 402)]
    [InlineData(true, "gzip", 402)]
    [InlineData(true, "br", 402)]
    [InlineData(true, "deflate", 402)]
    [InlineData(true, "GZIP", 402)]
    [InlineData(true, "identity", 415)]
    [InlineData(true, "gzip, gzip", 415)]
    [InlineData(true, "zstd", 415)]
    [InlineData(true, "aes128gcm", 415)]
    public async Task T57_Compressed_body_is_read_or_refused(bool useKestrel, string encoding, int status)
    {
        await using ChatApp chat = await WithACentAsync(useKestrel);
        using HttpResponseMessage answer = await chat.SendAsync(Pack(Encoding.UTF8.GetBytes(Expensive), encoding), encoding: encoding);
        Assert.Equal(status, (int)answer.StatusCode);
        await AssertUntouchedAsync(chat);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T58_Compressed_bomb_is_413(bool useKestrel)
    {
        await using ChatApp chat = await WithACentAsync(useKestrel);
        byte[] bomb = Pack([.. "{\"model\":\"cheap\",\"messages\":["u8, .. Enumerable.Repeat((byte)' ', 64 * 1024 * 1024)], "gzip");
        Assert.True(bomb.Length < 100_000);
        using HttpResponseMessage answer = await chat.SendAsync(bomb, encoding: "gzip");
        Assert.Equal(413, (int)answer.StatusCode);
        await AssertUntouchedAsync(chat);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task T59_Body_above_the_cap_is_413_and_at_the_cap_is_read(bool useKestrel, bool chunked)
    {
        await using ChatApp chat = await ChatApp.StartAsync(
            """{"MaxInspectedBodyBytes":2000000,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""", useKestrel);
        byte[] atCap = [.. Encoding.UTF8.GetBytes(ChatApp.Body()), .. Enumerable.Repeat((byte)' ', 2_000_000 - ChatApp.Body().Length)];
        using HttpResponseMessage read = await chat.SendAsync(atCap, chunked: chunked);
        Assert.Equal(200, (int)read.StatusCode);
        using HttpResponseMessage refused = await chat.SendAsync([.. atCap, (byte)' '], chunked: chunked);
        Assert.Equal(413, (int)refused.StatusCode);
        Assert.Equal(1, chat.Arrivals);
        await chat.AssertBooksAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/vnd.openai+json")]
    [InlineData("application/json;charset=utf-7")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("; ;")]
    public async Task T63_Content_type_does_not_keep_the_guard_from_reading(string? type)
    {
        await using ChatApp chat = await WithACentAsync(useKestrel: true);
        using HttpResponseMessage answer = await chat.SendAsync(Encoding.UTF8.GetBytes(Expensive), type);
        Assert.True((int)answer.StatusCode is 402 or 415, answer.StatusCode.ToString());
        await AssertUntouchedAsync(chat);
    }

    private static async Task<ChatApp> WithACentAsync(bool useKestrel)
    {
        ChatApp chat = await ChatApp.StartAsync(useKestrel: useKestrel, section: """
            {"UnpricedModels":"Reject","Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}
            """);
        await chat.App.SpendAsync(0.99m);
        return chat;
    }

    private static async Task AssertUntouchedAsync(ChatApp chat)
    {
        Assert.Equal(0, chat.Arrivals);
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.Equal((0.99m, 0m), (balance.Settled, balance.Held));
    }

    private static string Nested(int depth) =>
        $$"""{"model":"cheap","messages":[{"role":"user","content":{{new string('[', depth)}}{{new string(']', depth)}}}]}""";

    private static byte[] Pack(byte[] body, string encoding)
    {
        var packed = new MemoryStream();
        using (Stream stream = encoding == "br" ? new BrotliStream(packed, CompressionLevel.Fastest)
            : encoding == "deflate" ? new ZLibStream(packed, CompressionLevel.Fastest)
            : new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            stream.Write(body);
        }

        return packed.ToArray();
    }
}
