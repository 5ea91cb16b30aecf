using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Api.Administration;

/// <summary>Tells what happens while it happens, as server-sent events. Who is slow loses the oldest; nothing waits for who listens.</summary>
internal sealed class EventApi(GuardEvents events, AccountApi accounts, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>How long nothing is sent at most, so that what stands between does not take the connection for dead.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    public async Task ListenAsync(HttpContext context)
    {
        new ApiQuery(context).Check();
        if (events.TryListen() is not { } listener)
        {
            context.Response.Headers.RetryAfter = "30";
            throw new ApiProblemException(StatusCodes.Status429TooManyRequests, "too_many_listeners", $"{GuardEvents.MostListeners} listen already.");
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await SendAsync(context, ": listening\n\n"u8.ToArray(), over.Token);
            await SendAllAsync(context, listener.Reader, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The listener left, or the host stops.
        }
        finally
        {
            events.Leave(listener);
        }
    }

    private async Task SendAllAsync(HttpContext context, ChannelReader<GuardEvent> reader, CancellationToken over)
    {
        Task<bool>? more = null;
        while (true)
        {
            while (reader.TryRead(out GuardEvent one))
            {
                await SendAsync(context, one, over);
            }

            more = more is null or { IsCompleted: true } ? reader.WaitToReadAsync(over).AsTask() : more;
            try
            {
                await more.WaitAsync(Silence, time, over);
            }
            catch (TimeoutException)
            {
                await SendAsync(context, ": still here\n\n"u8.ToArray(), over);
            }
        }
    }

    private async Task SendAsync(HttpContext context, GuardEvent one, CancellationToken over)
    {
        if (one.Decision is { } decision)
        {
            await SendAsync(context, Frame("decision", HistoryApi.Row(decision), AdministrationJson.Default.DecisionRow), over);
        }

        if (one.Alert is { } alert)
        {
            await SendAsync(context, Frame("alert", AlertApi.Row(alert.Write(), []), AdministrationJson.Default.AlertRow), over);
        }

        foreach (Account account in one.Accounts?.Accounts ?? [])
        {
            AccountRow? row = await TryReadAsync(account, context);
            if (row is not null)
            {
                await SendAsync(context, Frame("account", row, AdministrationJson.Default.AccountRow), over);
            }
        }
    }

    /// <summary>A store that does not answer is told of elsewhere; the next event has the account again.</summary>
    private async Task<AccountRow?> TryReadAsync(Account account, HttpContext context)
    {
        try
        {
            return await accounts.ReadAsync(account, context);
        }
        catch (BudgetGuardUnavailableException)
        {
            return null;
        }
    }

    private static byte[] Frame<T>(string name, T row, JsonTypeInfo<T> type)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        buffer.Write(System.Text.Encoding.UTF8.GetBytes($"event: {name}\ndata: "));
        using (var json = new Utf8JsonWriter(buffer))
        {
            JsonSerializer.Serialize(json, row, type);
        }

        buffer.Write("\n\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static async Task SendAsync(HttpContext context, byte[] frame, CancellationToken over)
    {
        await context.Response.Body.WriteAsync(frame, over);
        await context.Response.Body.FlushAsync(over);
    }
}
