using System.Diagnostics.Tracing;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>
/// Bodies that are small on the wire and large inside, or one long string: the memory they take does not grow with them. Every buffer that the process
/// rents is watched.
/// </summary>
[Collection(nameof(RunsAlone))]
public sealed class BombTests
{
    private const string Taken = "/taken/v1/chat/completions";
    private const string Generous = """{"ExposeAmounts":true,"Budgets":{"daily":{"Limit":100000,"Period":"Day","Per":["User"]}}}""";
    private const int LongString = 30 * 1024 * 1024;
    private const int MostRented = 4 * 1024 * 1024;

    public enum Sender
    {
        Gzip,
        Brotli,
        Chunked,
        Plain,
    }

    [Theory]
    [InlineData(Sender.Gzip)]
    [InlineData(Sender.Brotli)]
    public async Task T58_Fifty_small_bodies_with_one_long_string_are_413_and_take_no_large_buffer(Sender sender)
    {
        await using ChatApp chat = await StartAsync();
        byte[] bomb = Pack(Body(new string('x', LongString)), sender);
        Assert.True(bomb.Length < 100_000);
        using BufferWatch watch = new();
        int[] statuses = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using HttpResponseMessage answer = await SendAsync(chat, bomb, sender);
            return (int)answer.StatusCode;
        }));
        Assert.All(statuses, static status => Assert.Equal(413, status));
        Assert.InRange(watch.Largest, 1, MostRented);
        Assert.Equal(0, chat.Arrivals);
        BudgetBalance balance = await chat.App.BalanceAsync();
        Assert.Equal((0m, 0m), (balance.Settled, balance.Held));
    }

    [Theory]
    [InlineData(Sender.Gzip)]
    [InlineData(Sender.Brotli)]
    [InlineData(Sender.Chunked)]
    [InlineData(Sender.Plain)]
    public async Task T58_One_long_string_is_counted_whole_and_takes_no_large_buffer(Sender sender)
    {
        // Random letters: they do not compress to a hundredth, so what is sent may be read.
        var random = new Random(58);
        string text = string.Create(LongString, random, static (letters, source) =>
        {
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = (char)source.Next('a', 'z' + 1);
            }
        });
        await using ChatApp chat = await StartAsync();
        decimal beside = await EstimateAsync(chat, Body(""), Sender.Plain);
        byte[] body = sender is Sender.Gzip or Sender.Brotli ? Pack(Body(text), sender) : Body(text);
        using BufferWatch watch = new();

        // A third of a token for each byte, at a dollar a million.
        Assert.Equal(beside + LongString / 3 * 0.000001m, await EstimateAsync(chat, body, sender));
        Assert.InRange(watch.Largest, 1, MostRented);
    }

    [Fact]
    public async Task T58_Text_that_compresses_well_is_read()
    {
        await using ChatApp chat = await StartAsync();
        string lines = string.Concat(Enumerable.Range(0, 60_000).Select(static line => $"{line}: the same line of a log, but for its number;"));
        byte[] body = Body(lines);
        byte[] packed = Pack(body, Sender.Gzip);
        Assert.True(body.Length > 2_000_000 && packed.Length < body.Length / 8, $"{packed.Length} of {body.Length}");
        Assert.Equal(await EstimateAsync(chat, body, Sender.Plain), await EstimateAsync(chat, packed, Sender.Gzip));
    }

    private static Task<ChatApp> StartAsync() => ChatApp.StartAsync(
        Generous,
        configure: static setup =>
        {
            setup.UseKestrel = true;
            setup.Kestrel = static web => web.ConfigureKestrel(static kestrel => kestrel.Limits.MaxRequestBodySize = 64 * 1024 * 1024);
        },
        map: static app => app.MapPost(Taken, static () => Results.NoContent()));

    private static byte[] Body(string text) =>
        Encoding.UTF8.GetBytes($$"""{"model":"cheap","max_tokens":100,"messages":[{"role":"user","content":"{{text}}"}]}""");

    private static byte[] Pack(byte[] body, Sender sender)
    {
        var packed = new MemoryStream();
        using (Stream stream = sender == Sender.Brotli ? new BrotliStream(packed, CompressionLevel.Optimal) : new GZipStream(packed, CompressionLevel.Optimal))
        {
            stream.Write(body);
        }

        return packed.ToArray();
    }

    private static async Task<decimal> EstimateAsync(ChatApp chat, byte[] body, Sender sender)
    {
        using HttpResponseMessage answer = await SendAsync(chat, body, sender, Taken);
        Assert.Equal(204, (int)answer.StatusCode);
        return decimal.Parse(answer.Headers.GetValues("X-BudgetGuard-Estimate").Single(), CultureInfo.InvariantCulture);
    }

    private static async Task<HttpResponseMessage> SendAsync(ChatApp chat, byte[] body, Sender sender, string path = ChatApp.Chat)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        if (sender is Sender.Gzip or Sender.Brotli)
        {
            request.Content.Headers.ContentEncoding.Add(sender == Sender.Gzip ? "gzip" : "br");
        }

        request.Headers.TransferEncodingChunked = sender == Sender.Chunked ? true : null;
        request.Headers.Add("X-User-ID", "alice");
        return await chat.App.Client.SendAsync(request);
    }

    /// <summary>The largest buffer that anybody rented meanwhile.</summary>
    private sealed class BufferWatch : EventListener
    {
        private const int Rented = 1;
        private int _largest;

        public int Largest => Volatile.Read(ref _largest);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Buffers.ArrayPoolEventSource")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventId != Rented || eventData.Payload is not [_, int size, ..])
            {
                return;
            }

            int largest = Volatile.Read(ref _largest);
            while (size > largest && Interlocked.CompareExchange(ref _largest, size, largest) is var seen && seen != largest)
            {
                largest = seen;
            }
        }
    }
}
