using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Threats;

/// <summary>What the guard reads, the app still gets, byte for byte and whatever way it reads; and a body that does not come is not waited for.</summary>
public sealed class BodyBytesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T69_A_thousand_random_bodies_arrive_byte_for_byte(bool useKestrel)
    {
        await using ChatApp chat = await ChatApp.StartAsync("""{"Budgets":{"daily":{"Limit":100000,"Period":"Day"}}}""", useKestrel, map: static app =>
        {
            app.MapPost("/body/v1/chat/completions", static async (HttpContext context) =>
                Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body)) + context.Request.ContentLength);
            app.MapPost("/pipe/v1/chat/completions", static async (HttpContext context) =>
                Convert.ToHexString(await SHA256.HashDataAsync(context.Request.BodyReader.AsStream())) + context.Request.ContentLength);
            app.MapPost("/bound/v1/chat/completions", static (HttpContext context, [FromBody] JsonElement body) =>
                Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(body.GetRawText()))) + context.Request.ContentLength);
            app.MapPost("/parts/v1/chat/completions", static async (HttpContext context) =>
                Convert.ToHexString(SHA256.HashData(await ReadInPartsAsync(context.Request.BodyReader))) + context.Request.ContentLength);
        });
        var random = new Random(69);
        string[] ways = ["body", "pipe", "bound", "parts"];
        for (int i = 0; i < 1_000; i++)
        {
            byte[] body = Encoding.UTF8.GetBytes(RandomBody(random, i));
            bool chunked = random.Next(2) == 0;
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/{ways[i % 4]}/v1/chat/completions") { Content = new ByteArrayContent(body) };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            request.Headers.TransferEncodingChunked = chunked;
            request.Headers.ExpectContinue = i % 50 == 0;
            using HttpResponseMessage answer = await chat.App.Client.SendAsync(request);
            string expected = Convert.ToHexString(SHA256.HashData(body)) + (chunked && useKestrel ? "" : body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            string seen = await answer.Content.ReadAsStringAsync();
            if (chunked && !useKestrel)
            {
                (seen, expected) = (seen[..64], expected[..64]);
            }

            Assert.True(expected == seen, $"body {i} of {body.Length} bytes by {ways[i % 4]}, chunked {chunked}: {answer.StatusCode} {seen}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T60_Body_that_drips_is_408_and_holds_nothing(bool useKestrel)
    {
        var dripping = new DrippingStream();
        await using ChatApp chat = await ChatApp.StartAsync(configure: setup =>
        {
            setup.UseKestrel = useKestrel;
            setup.Services = services => services.AddSingleton<Microsoft.AspNetCore.Hosting.IStartupFilter>(new BodyFilter(dripping));
        });
        Task<int> asking = chat.AskAsync();
        await dripping.Waiting.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0m, (await chat.App.BalanceAsync()).Held);
        chat.App.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(408, await asking.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, chat.Arrivals);
        Assert.Equal(0m, (await chat.App.BalanceAsync()).Settled);
    }

    private static string RandomBody(Random random, int index)
    {
        int length = index % 100 == 99 ? random.Next(900_000, 1_300_000) : index < 40 ? index : random.Next(0, 20_000);
        var text = new StringBuilder(length);
        ReadOnlySpan<string> pieces = ["a", " ", "é", "漢", "😀", "\\n", "\\u00e9", "\\\"", "{", "]", "0123456789"];
        while (text.Length < length)
        {
            text.Append(pieces[random.Next(pieces.Length)]);
        }

        string space = new(' ', random.Next(0, 3));
        return $$"""{"model":{{space}}"cheap","x":[1,2.50,true,null],{{space}}"messages":[{"role":"user","content":"{{text}}"}]}""";
    }

    private static async Task<byte[]> ReadInPartsAsync(PipeReader reader)
    {
        var all = new MemoryStream();
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            System.Buffers.ReadOnlySequence<byte> taken = result.Buffer.Slice(0, (result.Buffer.Length + 1) / 2);
            foreach (ReadOnlyMemory<byte> part in taken)
            {
                all.Write(part.Span);
            }

            reader.AdvanceTo(taken.End);
            if (result.IsCompleted && taken.Length == result.Buffer.Length)
            {
                return all.ToArray();
            }
        }
    }

    private sealed class BodyFilter(Stream body) : Microsoft.AspNetCore.Hosting.IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.Request.Body = body;
                return rest(context);
            });
            next(app);
        };
    }

    /// <summary>Gives a few bytes, then never another one.</summary>
    private sealed class DrippingStream : Stream
    {
        private bool _began;

        public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_began)
            {
                _began = true;
                "{\"model\":"u8.CopyTo(buffer.Span);
                return 9;
            }

            Waiting.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
