using System.Text;
using System.Text.Json;
using BudgetGuard.Metering;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Metering;

public sealed class ResponseMeterOrderTests
{
    private static readonly byte[] Body = Encoding.UTF8.GetBytes($"{{\"choices\":[{{\"text\":\"hello\"}}],\"usage\":{RandomAnswers.Usage},\"model\":\"m\"}}");

    public static TheoryData<string> Ways => [.. WaysOfWriting.All.Keys.Where(static way => way is not "Json")];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Report_ends_before_the_bytes_that_complete_the_answer_go_on(string way)
    {
        foreach (var size in new[] { 1, 10, Body.Length })
        {
            var (context, sink) = Sink();
            var atReport = -1L;
            var meter = Attach(context, async _ =>
            {
                // A synchronous write cannot wait: there only a report that is done at once comes before.
                if (!WaysOfWriting.Synchronous.Contains(way))
                {
                    await Task.Yield();
                    await Task.Yield();
                }

                atReport = sink.Written.Length;
            });
            await WaysOfWriting.All[way](context, Body, [.. Body.Chunk(size)]);
            await meter.FinishAsync();
            Assert.True(atReport >= 0 && atReport < Body.Length, $"{size}: reported after {atReport} bytes");
            await context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync();
            Assert.Equal(Body, sink.Written.ToArray());
        }
    }

    [Fact]
    public async Task Bytes_before_the_last_piece_are_not_delayed_and_those_after_it_wait_only_for_the_report()
    {
        var (context, sink) = Sink();
        var gate = new TaskCompletionSource();
        var meter = Attach(context, _ => new ValueTask(gate.Task));
        await context.Response.Body.WriteAsync(Body.AsMemory(0, Body.Length - 1));
        Assert.Equal(Body.Length - 1, sink.Written.Length);
        var last = context.Response.Body.WriteAsync(Body.AsMemory(Body.Length - 1)).AsTask();
        Assert.False(last.IsCompleted);
        Assert.Equal(Body.Length - 1, sink.Written.Length);
        gate.SetResult();
        await last;
        await context.Response.Body.WriteAsync("\n"u8.ToArray());
        Assert.Equal([.. Body, (byte)'\n'], sink.Written.ToArray());
        await meter.FinishAsync();
    }

    [Fact]
    public async Task Synchronous_write_does_not_wait_and_the_next_asynchronous_step_does()
    {
        var (context, sink) = Sink();
        var gate = new TaskCompletionSource();
        var meter = Attach(context, _ => new ValueTask(gate.Task));
        context.Response.Body.Write(Body);
        Assert.Equal(Body.Length, sink.Written.Length);
        Task[] waiting = [context.Response.Body.FlushAsync(), context.Response.CompleteAsync(), meter.FinishAsync().AsTask()];
        Assert.All(waiting, static task => Assert.False(task.IsCompleted));
        gate.SetResult();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task Failures_of_the_meter_never_reach_the_writer()
    {
        var failures = new Func<TokenUsage, ValueTask>[]
        {
            static _ => throw new InvalidOperationException("at once"),
            static async _ =>
            {
                await Task.Yield();
                throw new InvalidOperationException("later");
            },
        };
        foreach (var fail in failures)
        {
            foreach (var loud in new[] { false, true })
            {
                var (context, sink) = Sink();
                var complaints = new List<Exception>();
                var meter = Attach(context, fail, exception =>
                {
                    complaints.Add(exception);
                    if (loud)
                    {
                        throw new InvalidOperationException("the log failed too");
                    }
                });
                await context.Response.Body.WriteAsync(Body);
                await context.Response.BodyWriter.WriteAsync(Body);
                await meter.FinishAsync();
                Assert.Single(complaints);
                Assert.NotNull(meter.Usage);
                Assert.Equal(2 * Body.Length, sink.Written.Length);
            }
        }
    }

    [Fact]
    public async Task Reader_that_throws_leaves_the_answer_whole_and_the_usage_unknown()
    {
        var (context, sink) = Sink();
        var complaints = new List<Exception>();
        var meter = ResponseMeter.Attach(context, [new ThrowingReader()], static _ => throw new InvalidOperationException("no usage"), complaints.Add);
        await context.Response.Body.WriteAsync(Body);
        await meter.FinishAsync();
        Assert.Equal("the reader failed", Assert.Single(complaints).Message);
        Assert.Null(meter.Usage);
        Assert.Equal(Body, sink.Written.ToArray());
    }

    [Fact]
    public async Task Detached_meter_is_out_of_the_way_and_what_still_holds_it_reaches_the_answer()
    {
        var (context, sink) = Sink();
        var before = context.Features.Get<IHttpResponseBodyFeature>();
        var meter = Attach(context, static _ => throw new InvalidOperationException("not metered any more"));
        var (stream, writer) = (context.Response.Body, context.Response.BodyWriter);
        meter.Detach();
        meter.Detach();
        Assert.Same(before, context.Features.Get<IHttpResponseBodyFeature>());
        await stream.WriteAsync(Body);
        await writer.WriteAsync(Body);
        Assert.Equal(2 * Body.Length, sink.Written.Length);
        Assert.True(meter is { Usage: null, SawBytes: false });
    }

    [Fact]
    public async Task Detach_leaves_a_feature_that_the_app_put_over_the_meter()
    {
        var (context, _) = Sink();
        var meter = Attach(context, static _ => ValueTask.CompletedTask);
        context.Response.Body = new MemoryStream();
        var own = context.Features.Get<IHttpResponseBodyFeature>();
        await meter.FinishAsync();
        Assert.Same(own, context.Features.Get<IHttpResponseBodyFeature>());
    }

    [Fact]
    public async Task File_that_is_missing_fails_as_without_a_meter()
    {
        var (context, sink) = Sink();
        Attach(context, static _ => ValueTask.CompletedTask);
        await Assert.ThrowsAsync<FileNotFoundException>(() => context.Response.SendFileAsync("/no/such/file"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            context.Response.Body.WriteAsync(Body, new CancellationToken(canceled: true)).AsTask());
        Assert.Equal(0, sink.Written.Length);
    }

    private static ResponseMeter Attach(HttpContext context, Func<TokenUsage, ValueTask> report, Action<Exception>? complain = null) =>
        ResponseMeter.Attach(context, new UsageReaders([]).For("openai.chat"), report, complain ?? (static exception => Assert.Fail(exception.ToString())));

    private static (HttpContext Context, SinkStream Sink) Sink()
    {
        var sink = new SinkStream();
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(sink));
        return (context, sink);
    }

    private sealed class ThrowingReader : IUsageReader
    {
        public bool CanRead(string modelApi) => true;

        public TokenUsage? Read(JsonElement answer) => throw new InvalidOperationException("the reader failed");
    }

    /// <summary>What reached the client; stays readable after the app disposed it.</summary>
    private sealed class SinkStream : MemoryStream
    {
        public MemoryStream Written { get; } = new();

        public override bool CanSeek => false;

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => Written.Write(buffer);

        public override void WriteByte(byte value) => Written.WriteByte(value);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Written.WriteAsync(buffer, offset, count, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            Written.WriteAsync(buffer, cancellationToken);
    }
}
