using System.Buffers;
using System.IO.Compression;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace BudgetGuard.Estimation;

/// <summary>
/// The body of a request to a model API, read once and left whole for the app. Dispose it when the request is over: the app's body ends with it.
/// </summary>
internal sealed class InspectedBody : IDisposable
{
    /// <summary>How long a body may take to arrive, however steadily it drips.</summary>
    public static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    private const int InMemory = 1024 * 1024;

    // Text compresses to a tenth or a thirtieth; what inflates to more than this costs its sender next to nothing.
    private const int MostInflation = 100;
    private HeldBodyStream? _held;

    private InspectedBody()
    {
    }

    public ModelRequest? Request { get; private set; }

    public ModelRequestError? Error { get; private set; }

    /// <summary>A request without a body may still call a model where it is a POST: then it is read, and refused for want of one.</summary>
    public static bool MayCallModel(HttpContext context) =>
        HttpMethods.IsPost(context.Request.Method) || context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0
        || context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;

    public static async ValueTask<InspectedBody> ReadAsync(HttpContext context, ModelApi api, string? modelFromPath, long maxBytes,
        TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        var body = new InspectedBody();
        if (!TryGetEncoding(context.Request, out var encoding))
        {
            body.Error = new ModelRequestError(415, "unsupported_encoding", "The body must be UTF-8 JSON, plain or in one of gzip, br and deflate.");
            return body;
        }

        if (context.Request.ContentLength > maxBytes)
        {
            body.Error = TooLarge();
            return body;
        }

        using var deadline = new ReadDeadline(timeout, clock, cancellationToken);
        try
        {
            await body.HoldAsync(context, maxBytes, deadline);
            if (body.Error is null)
            {
                using var window = body.OpenWindow(context.Request, encoding, api, modelFromPath);
                await body.ParseAsync(context.Request.Body, encoding, window, maxBytes, deadline);
            }
        }
        catch (OperationCanceledException) when (deadline.IsLate)
        {
            body.Error = new ModelRequestError(408, "request_timeout", "The body did not arrive in time.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            body.Error = ModelRequestError.ClientLeft;
        }
        catch (BadHttpRequestException refused)
        {
            body.Error = new ModelRequestError(refused.StatusCode, "invalid_body", "The body could not be read.");
        }
        catch (Exception broken) when (broken is InvalidDataException || (broken is InvalidOperationException && encoding == "br"))
        {
            // Brotli tells bad data as an invalid operation.
            body.Error = ModelRequestError.Invalid("The compressed body could not be read.");
        }
        catch (IOException)
        {
            body.Error = ModelRequestError.Invalid("The body broke off.");
        }
        catch
        {
            body.Dispose();
            throw;
        }

        return body;
    }

    /// <summary>
    /// Asks for the usage of the stream that will answer, where the request itself does not; the app then sees the body with that in it. True if it was asked
    /// for. Not in a compressed body, nor in a large one that says something else of its stream.
    /// </summary>
    public async ValueTask<bool> TryAskForUsageAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        Stream body = request.Body;
        if (request.Headers.ContentEncoding.Count > 0 && !string.Equals(request.Headers.ContentEncoding.ToString(), "identity", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        if (!Request!.HasStreamOptions)
        {
            byte[] start = new byte[StreamUsageRequest.StartBytes];
            long from = body.Position;
            int read = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, context.RequestAborted);
            int added = StreamUsageRequest.TryBegin(start.AsSpan(0, read), out byte[] beginning, out int replaced);
            body.Position = from + replaced;
            return added > 0 && Replace(context, beginning, added);
        }

        if (_held is not { Length: < InMemory } held || !StreamUsageRequest.TryRewrite(held.Whole, out byte[] rewritten))
        {
            return false;
        }

        body.Position = held.Length;
        return Replace(context, rewritten, rewritten.Length - held.Length);
    }

    public void Dispose()
    {
        if (_held?.Detach() is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Puts other bytes before what is left of the body.</summary>
    private static bool Replace(HttpContext context, byte[] beginning, long added)
    {
        HttpRequest request = context.Request;
        request.Body = new PrefixedStream(new MemoryStream(beginning, writable: false), request.Body);
        request.ContentLength += added;
        context.Features.Set<IRequestBodyPipeFeature>(new RequestBodyPipeFeature(context));
        return true;
    }

    private static ModelRequestError TooLarge() => new(413, "body_too_large", "The body is larger than the guard reads.");

    private static ModelRequestError Inflated() => new(413, "body_too_large", "The compressed body becomes more than a hundred times as large.");

    private static bool TryGetEncoding(HttpRequest request, out string encoding)
    {
        var values = request.Headers.ContentEncoding;
        encoding = values.Count == 0 ? "" : values.ToString().Trim().ToLowerInvariant();
        if (encoding is not ("" or "identity" or "gzip" or "x-gzip" or "br" or "deflate"))
        {
            return false;
        }

        return !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.Charset.HasValue
            || type.Charset.Value.AsSpan().Trim('"') is var charset && (charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
                || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase) || charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase));
    }

    private async ValueTask HoldAsync(HttpContext context, long maxBytes, ReadDeadline deadline)
    {
        var source = context.Request.Body;
        if (source.CanSeek)
        {
            return;
        }

        var start = (int)Math.Min(context.Request.ContentLength + 1 ?? 4096, InMemory);
        var buffer = ArrayPool<byte>.Shared.Rent(start);
        var length = 0;
        try
        {
            int read;
            while ((read = await deadline.ReadAsync(source, buffer.AsMemory(length))) > 0)
            {
                length += read;
                if (length > maxBytes)
                {
                    Error = TooLarge();
                    return;
                }

                if (length == buffer.Length)
                {
                    if (length >= InMemory)
                    {
                        break;
                    }

                    var larger = ArrayPool<byte>.Shared.Rent(length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }

            _held = new HeldBodyStream(buffer, length);
            buffer = null!;
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        Stream whole = _held;
        if (length >= InMemory)
        {
            whole = new FileBufferingReadStream(new PrefixedStream(_held, source), InMemory, bufferLimit: null, Path.GetTempPath());
            context.Response.RegisterForDispose(whole);
        }

        context.Request.Body = whole;
        context.Features.Set<IRequestBodyPipeFeature>(new RequestBodyPipeFeature(context));
    }

    private IBodyWindow OpenWindow(HttpRequest request, string encoding, ModelApi api, string? model)
    {
        if (FormWindow.IsFor(api, request))
        {
            return new FormWindow(api, request.ContentType, model);
        }

        var isPlain = encoding is "" or "identity";
        var size = isPlain && _held is { Length: < InMemory } held ? (int)Math.Max(held.Length + 1, 4096) : BodyWindow.Usual;
        return new BodyWindow(new ModelRequestReader(api, model), size);
    }

    private async ValueTask ParseAsync(Stream body, string encoding, IBodyWindow window, long maxBytes, ReadDeadline deadline)
    {
        var start = body.Position;
        Stream plain = encoding switch
        {
            "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress, leaveOpen: true),
            "br" => new BrotliStream(body, CompressionMode.Decompress, leaveOpen: true),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress, leaveOpen: true),
            _ => body,
        };
        try
        {
            int read;
            long total = 0;
            do
            {
                read = await deadline.ReadAsync(plain, window.Free);
                total += read;
                Error = total > maxBytes ? TooLarge()
                    : plain != body && total > InMemory && total / MostInflation > body.Position - start ? Inflated()
                    : window.Take(read);
            }
            while (read > 0 && Error is null);
            Request = Error is null ? window.Finish() : null;
        }
        finally
        {
            if (plain != body)
            {
                await plain.DisposeAsync();
            }

            body.Position = start;
        }
    }
}
