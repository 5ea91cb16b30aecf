using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace BudgetGuard.Tests.Rig;

/// <summary>Stands before the whole app and tells when no request is under way: a client may have its answer a moment before the app is done with it.</summary>
internal sealed class RequestsWatch : IStartupFilter
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _quiet;
    private int _active;

    public Task QuietAsync()
    {
        lock (_gate)
        {
            return _active == 0 ? Task.CompletedTask : (_quiet ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, run) =>
        {
            lock (_gate)
            {
                _active++;
            }

            try
            {
                await run(context);
            }
            finally
            {
                End();
            }
        });
        next(app);
    };

    private void End()
    {
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
