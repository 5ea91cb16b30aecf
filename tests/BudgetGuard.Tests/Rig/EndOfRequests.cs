using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Rig;

/// <summary>Stands before the guard and tells when a request is over for it, also where the client is gone and nobody reads an answer.</summary>
internal sealed class EndOfRequests
{
    /// <summary>Only a request that never ends meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<int> _begun = Channel.CreateUnbounded<int>();
    private readonly Channel<int> _ended = Channel.CreateUnbounded<int>();

    public async Task SignalAsync(HttpContext context, RequestDelegate next)
    {
        _begun.Writer.TryWrite(0);
        try
        {
            await next(context);
        }
        finally
        {
            _ended.Writer.TryWrite(context.Response.StatusCode);
        }
    }

    /// <summary>Waits until another request has reached the app.</summary>
    public Task BegunAsync() => _begun.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Waits until another request is over for the guard and gives its status.</summary>
    public Task<int> NextAsync() => _ended.Reader.ReadAsync().AsTask().WaitAsync(Patience);
}
