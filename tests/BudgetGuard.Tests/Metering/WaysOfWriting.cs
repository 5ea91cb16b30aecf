using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Tests.Metering;

/// <summary>Every way an app can write its answer; each gets the body and pieces of it.</summary>
internal static class WaysOfWriting
{
    public delegate Task Way(HttpContext context, byte[] body, IReadOnlyList<byte[]> pieces);

    /// <summary>Ways that cannot wait for a report while they write.</summary>
    public static readonly HashSet<string> Synchronous = ["Write", "WriteSpan", "WriteByte", "StreamWriterDisposed"];

    public static readonly Dictionary<string, Way> All = new()
    {
        ["WriteText"] = static (context, body, _) => context.Response.WriteAsync(Encoding.UTF8.GetString(body)),
        ["BodyMemory"] = static (context, _, pieces) => EachAsync(pieces, piece => context.Response.Body.WriteAsync(piece).AsTask()),
        ["BodyArray"] = static (context, _, pieces) =>
            EachAsync(pieces, piece => context.Response.Body.WriteAsync([0, .. piece, 0], 1, piece.Length, CancellationToken.None)),
        ["BodyFlushed"] = static (context, _, pieces) => EachAsync(pieces, async piece =>
        {
            await context.Response.Body.WriteAsync(piece);
            await context.Response.Body.FlushAsync();
        }),
        ["BeginWrite"] = static (context, _, pieces) =>
        {
            // The in-memory server's own stream writes synchronously here.
            AllowSynchronous(context);
            return EachAsync(pieces, piece =>
                Task.Factory.FromAsync(context.Response.Body.BeginWrite(piece, 0, piece.Length, null, null), context.Response.Body.EndWrite));
        },
        ["PipeWrite"] = static (context, _, pieces) => EachAsync(pieces, async piece => await context.Response.BodyWriter.WriteAsync(piece)),
        ["PipeFlushed"] = static (context, _, pieces) => EachAsync(pieces, async piece =>
        {
            piece.CopyTo(context.Response.BodyWriter.GetMemory(piece.Length));
            context.Response.BodyWriter.Advance(piece.Length);
            await context.Response.BodyWriter.FlushAsync();
        }),
        ["PipeUnflushed"] = static (context, _, pieces) => EachAsync(pieces, piece =>
        {
            context.Response.BodyWriter.Write(piece);
            return Task.CompletedTask;
        }),
        ["PipeAdvancedTwice"] = static (context, _, pieces) => EachAsync(pieces, piece =>
        {
            piece.CopyTo(context.Response.BodyWriter.GetSpan(piece.Length));
            context.Response.BodyWriter.Advance(piece.Length / 2);
            context.Response.BodyWriter.Advance(piece.Length - (piece.Length / 2));
            return Task.CompletedTask;
        }),
        ["PipeCompleted"] = static async (context, body, _) =>
        {
            context.Response.BodyWriter.Write(body);
            await context.Response.BodyWriter.CompleteAsync();
        },
        ["ResponseCompleted"] = static async (context, body, _) =>
        {
            await context.Response.StartAsync();
            context.Response.BodyWriter.Write(body);
            await context.Response.CompleteAsync();
        },
        ["PipeAsStream"] = static (context, _, pieces) =>
        {
            var stream = context.Response.BodyWriter.AsStream(leaveOpen: true);
            return EachAsync(pieces, piece => stream.WriteAsync(piece).AsTask());
        },
        ["PipeCopy"] = static (context, body, _) => new MemoryStream(body).CopyToAsync(context.Response.Body),
        ["Mixed"] = static async (context, _, pieces) =>
        {
            for (var i = 0; i < pieces.Count; i++)
            {
                await (i % 2 == 0 ? context.Response.Body.WriteAsync(pieces[i]).AsTask() : context.Response.BodyWriter.WriteAsync(pieces[i]).AsTask());
            }
        },
        ["File"] = static (context, body, _) => WithFileAsync(body, path => context.Response.SendFileAsync(path)),
        ["FileParts"] = static (context, body, _) => WithFileAsync(body, async path =>
        {
            await context.Response.SendFileAsync(path, 0, body.Length / 2);
            await context.Response.SendFileAsync(path, body.Length / 2, null);
        }),
        ["Json"] = static (context, body, _) => Results.Json(JsonNode.Parse(body)).ExecuteAsync(context),
        ["Bytes"] = static (context, body, _) => Results.Bytes(body, "application/json").ExecuteAsync(context),
        ["Started"] = static async (context, _, pieces) =>
        {
            context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
            await context.Response.StartAsync();
            await EachAsync(pieces, piece => context.Response.Body.WriteAsync(piece).AsTask());
            await context.Response.CompleteAsync();
        },
        ["Swapped"] = static async (context, body, _) =>
        {
            var original = context.Response.Body;
            using var buffer = new MemoryStream();
            context.Response.Body = buffer;
            await context.Response.WriteAsync(Encoding.UTF8.GetString(body));
            context.Response.Body = original;
            buffer.Position = 0;
            await buffer.CopyToAsync(context.Response.Body);
        },
        ["SwappedForGood"] = static async (context, body, _) =>
        {
            context.Response.Body = new BufferedStream(context.Response.Body, 16);
            await context.Response.BodyWriter.WriteAsync(body);
            await context.Response.Body.FlushAsync();
        },
        ["WithLength"] = static async (context, body, _) =>
        {
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        },
        ["Write"] = static (context, _, pieces) => SyncAsync(context, pieces, piece => context.Response.Body.Write([.. piece, 0], 0, piece.Length)),
        ["WriteSpan"] = static (context, _, pieces) => SyncAsync(context, pieces, piece => context.Response.Body.Write(piece.AsSpan())),
        ["WriteByte"] = static (context, _, pieces) => SyncAsync(context, pieces, piece => Array.ForEach(piece, context.Response.Body.WriteByte)),
        ["StreamWriterDisposed"] = static (context, body, _) => SyncAsync(context, [body], piece =>
        {
            using var writer = new StreamWriter(context.Response.Body, new UTF8Encoding(false));
            writer.Write(Encoding.UTF8.GetString(piece));
        }),
    };

    private static async Task EachAsync(IReadOnlyList<byte[]> pieces, Func<byte[], Task> write)
    {
        foreach (var piece in pieces)
        {
            await write(piece);
        }
    }

    private static Task SyncAsync(HttpContext context, IReadOnlyList<byte[]> pieces, Action<byte[]> write)
    {
        AllowSynchronous(context);
        foreach (var piece in pieces)
        {
            write(piece);
        }

        return Task.CompletedTask;
    }

    private static void AllowSynchronous(HttpContext context)
    {
        if (context.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            control.AllowSynchronousIO = true;
        }
    }

    private static async Task WithFileAsync(byte[] body, Func<string, Task> send)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, body);
            await send(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
