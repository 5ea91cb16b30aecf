using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Rig;

/// <summary>What costs money in a test: it reads the body, answers, and counts how often it ran and for which paths.</summary>
internal sealed class HitCounter
{
    private readonly Lock _gate = new();
    private readonly List<string> _paths = [];

    public int Hits
    {
        get
        {
            lock (_gate)
            {
                return _paths.Count;
            }
        }
    }

    public IReadOnlyList<string> Paths
    {
        get
        {
            lock (_gate)
            {
                return [.. _paths];
            }
        }
    }

    public async Task RunAsync(HttpContext context)
    {
        lock (_gate)
        {
            _paths.Add(context.Request.Path);
        }

        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        await context.Response.WriteAsync("done", context.RequestAborted);
    }
}
