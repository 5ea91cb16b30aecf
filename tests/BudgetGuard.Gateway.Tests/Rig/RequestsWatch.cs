using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Stands before all of the gateway, counts its requests, and tells when none is under way.</summary>
internal sealed class RequestsWatch : IStartupFilter
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _users = new();
    private readonly ConcurrentQueue<int> _statuses = new();
    private TaskCompletionSource? _quiet;
    private int _active;
    private int _begun;

    public int Begun => Volatile.Read(ref _begun);

    /// <summary>The statuses of all requests that are over.</summary>
    public IReadOnlyCollection<int> Statuses => _statuses;

    /// <summary>Who named themselves.</summary>
    public ICollection<string> Users => _users.Keys;

    /// <summary>Told of each event that goes to a client, where a client cannot tell itself.</summary>
    public ReadAhead? Ahead { get; set; }

    /// <summary>Called with the status of each answer before the answer goes.</summary>
    public Action<int>? OnAnswer { get; set; }

    /// <summary>Ends when no request is under way.</summary>
    public Task QuietAsync()
    {
        lock (_gate)
        {
            return _active == 0 ? Task.CompletedTask : (_quiet ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Ends when a user's last request is over, of which there is one at a time.</summary>
    public Task UserQuietAsync(string user) => _users[user].Task.WaitAsync(FakeProvider.Patience);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(WatchAsync);
        next(app);
    };

    private async Task WatchAsync(HttpContext context, RequestDelegate next)
    {
        lock (_gate)
        {
            _active++;
            _begun++;
        }

        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _users[context.Request.Headers["X-User-ID"].ToString()] = over;
        if (OnAnswer is { } told)
        {
            context.Response.OnStarting(() =>
            {
                told(context.Response.StatusCode);
                return Task.CompletedTask;
            });
        }

        if (Ahead is { } ahead)
        {
            context.Response.Body = new EventCounter(context.Response.Body, ahead);
        }

        try
        {
            await next(context);
        }
        finally
        {
            End(context.Response.StatusCode);
            over.SetResult();
        }
    }

    private void End(int status)
    {
        _statuses.Enqueue(status);
        lock (_gate)
        {
            if (--_active == 0)
            {
                _quiet?.SetResult();
                _quiet = null;
            }
        }
    }
}
