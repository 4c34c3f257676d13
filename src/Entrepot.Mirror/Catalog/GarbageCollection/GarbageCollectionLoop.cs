using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>Collects garbage again and again. Each run looks at everything anew, so a run that failed or was cut short costs nothing
/// but time.</summary>
public sealed class GarbageCollectionLoop(GarbageCollector collector, GarbageCollectionOptions options, TimeProvider time, ILogger<GarbageCollectionLoop> logger)
{
    private const string Actor = "system:garbage-collection";

    /// <summary>Runs until cancelled; the first run comes after one interval.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
                await RunOnceAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellation)
    {
        try
        {
            var result = await collector.RunAsync(dryRun: false, Actor, cancellation);
            if (result.Dropped.Length > 0 || result.Swept.Length > 0)
                Log.Collected(logger, result.Dropped.Length, result.Swept.Length, result.Swept.Sum(static blob => blob.Size), result.Kept.Length);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            // A full disk or a busy database now says nothing about the next run.
            Log.CollectionFailed(logger, error);
        }
    }
}
