using System.Collections.Concurrent;

namespace Entrepot.Server.Edge;

/// <summary>Joins calls for the same thing: one runs, all get its result. A caller that goes away does not stop it for the others.</summary>
internal sealed class SingleFlight<TKey, TResult>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TResult>>> _running = new();

    /// <summary>Joins the running call, or starts one.</summary>
    /// <param name="key">What is asked for.</param>
    /// <param name="call">Must end by itself, within its own deadline.</param>
    /// <param name="cancellation">Ends the waiting, not the call.</param>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> call, CancellationToken cancellation)
        => _running.GetOrAdd(
            key,
            static (key, state) => new Lazy<Task<TResult>>(() => state.Flight.CallAsync(key, state.Call)),
            (Flight: this, Call: call)).Value.WaitAsync(cancellation);

    private async Task<TResult> CallAsync(TKey key, Func<Task<TResult>> call)
    {
        await Task.Yield();
        try
        {
            return await call();
        }
        finally
        {
            _running.TryRemove(key, out _);
        }
    }
}
