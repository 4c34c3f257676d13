using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Guard;

/// <summary>Changes the port of one surface: on a schedule, or when it is told to.</summary>
/// <param name="surface">The surface.</param>
/// <param name="request">What it asks of the port book; a wanted port in it is not asked for.</param>
/// <param name="time">The clock.</param>
/// <param name="draw">Draws a number, 0–1.</param>
/// <param name="logger">Where it logs.</param>
internal sealed class PortRotation(RunningSurface surface, PortRequest request, TimeProvider time, Func<double> draw, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>Who moves it, for the journal.</summary>
    public const string Actor = "system:rotation";

    private readonly BackgroundLoops _loops = new(logger);

    /// <summary>The surface.</summary>
    public RunningSurface Surface => surface;

    /// <summary>Begins to rotate. A change that fails leaves the surface where it is and is tried again.</summary>
    public void Start(RotationSchedule schedule) => _loops.Start("port rotation", cancellation => RunAsync(schedule, cancellation));

    /// <summary>Changes no more. What is served on the old port of a change in progress is drained with the rest.</summary>
    public Task StopAsync() => _loops.CancelAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _loops.DisposeAsync();

    /// <summary>Changes the port once; comes back when the old one is closed.</summary>
    /// <param name="overlap">For how long both are served.</param>
    /// <param name="actor">Who asked for it, as in the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False when it stays where it was, because clients could not be told.</returns>
    /// <exception cref="FaultException">No port is left, or the lease was lost.</exception>
    public Task<bool> RotateAsync(TimeSpan overlap, string actor, CancellationToken cancellation)
        => surface.MoveAsync(
            request with { WantedPort = null, EmergencyPort = null, OverflowPool = null, Mode = AllocationMode.Random, Fresh = true }, overlap, "Its port rotates.", actor, cancellation);

    private async Task RunAsync(RotationSchedule schedule, CancellationToken cancellation)
    {
        var failures = 0;
        while (true)
        {
            await Task.Delay(failures == 0 ? schedule.Wait(draw()) - schedule.Overlap : schedule.Retry(failures), time, cancellation);
            failures = await TryRotateAsync(schedule.Overlap, cancellation) ? 0 : failures + 1;
        }
    }

    private async Task<bool> TryRotateAsync(TimeSpan overlap, CancellationToken cancellation)
    {
        var before = surface.Document;
        try
        {
            if (await RotateAsync(overlap, Actor, cancellation))
            {
                Log.Rotated(logger, before.Node, before.Port, surface.Document.Port);
                return true;
            }

            Log.RotationFailed(logger, before.Node, before.Port, "the origin could not be told");
        }
        catch (FaultException error)
        {
            Log.RotationFailed(logger, before.Node, before.Port, error.Message);
        }

        return false;
    }
}
