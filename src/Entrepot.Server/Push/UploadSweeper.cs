using Entrepot.Mirror.Uploads;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Push;

/// <summary>The loop that ends uploads which nobody continues.</summary>
public sealed class UploadSweeper(UploadStore uploads, TimeProvider time, ILogger logger)
{
    /// <summary>Time between two sweeps.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>Sweeps until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!uploads.Dropped.IsEmpty)
            Log.UploadsDropped(logger, string.Join(", ", uploads.Dropped));
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                await SweepAsync();
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task SweepAsync()
    {
        try
        {
            if (await uploads.SweepAsync() is > 0 and var expired)
                Log.UploadsExpired(logger, expired);
        }
        catch (Exception error)
        {
            // A disk that fails now may work later, and the loop must live on.
            Log.SweepFailed(logger, error);
        }
    }
}
