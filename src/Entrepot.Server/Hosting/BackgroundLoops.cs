using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>The loops of a role: started together, stopped together. A loop that ends with an error is reported; the others go on.</summary>
internal sealed class BackgroundLoops(ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _loops = [];

    /// <summary>Starts a loop.</summary>
    /// <param name="name">For the log.</param>
    /// <param name="loop">Runs until its token is cancelled.</param>
    public void Start(string name, Func<CancellationToken, Task> loop) => _loops.Add(Task.Run(() => GuardAsync(name, loop), CancellationToken.None));

    /// <summary>Tells all loops to stop and does not wait for them.</summary>
    public Task CancelAsync() => _stopping.CancelAsync();

    /// <summary>Stops all loops and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_loops);
        _stopping.Dispose();
    }

    private async Task GuardAsync(string name, Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Asked to stop.
        }
        catch (Exception error)
        {
            Log.LoopFailed(logger, name, error);
        }
    }
}
