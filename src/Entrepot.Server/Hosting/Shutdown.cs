using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>Stops a node's surfaces in the order that clients notice least, all within one drain time-out: edges first tell that they want no
/// new clients; then the scheduler closes, so that it sends nobody to an edge that stops; then the edges, which may still fetch from the
/// origin what their clients are reading; then the rest.</summary>
internal sealed class Shutdown(TimeProvider time, ILogger logger)
{
    /// <summary>Longest that telling may take.</summary>
    private static readonly TimeSpan TellTimeout = TimeSpan.FromSeconds(2);

    private static readonly string[][] Stages = [["scheduler"], ["edge"], ["push", "admin", "metadata"]];

    private readonly List<RunningSurface> _surfaces = [];
    private readonly List<Func<CancellationToken, Task>> _drains = [];

    /// <summary>The surfaces that it stops.</summary>
    public IReadOnlyList<RunningSurface> Surfaces => _surfaces;

    /// <summary>Stops this surface too.</summary>
    public void Add(RunningSurface surface) => _surfaces.Add(surface);

    /// <summary>Calls this before anything is closed.</summary>
    public void OnDrain(Func<CancellationToken, Task> drain) => _drains.Add(drain);

    /// <summary>Stops the surfaces. Never throws: what fails is logged, and the rest is stopped all the same.</summary>
    public async Task RunAsync()
    {
        using (var tell = new CancellationTokenSource(TellTimeout, time))
            await Task.WhenAll(_drains.Select(drain => GuardAsync("drain", () => drain(tell.Token))));
        using var deadline = new CancellationTokenSource(SurfaceHost.DrainTimeout, time);
        foreach (var stage in Stages)
            await Task.WhenAll(_surfaces
                .Where(surface => stage.Contains(surface.Document.Surface))
                .Select(surface => GuardAsync(surface.Document.Surface, () => surface.StopAsync(deadline.Token))));
    }

    private async Task GuardAsync(string part, Func<Task> stop)
    {
        try
        {
            await stop();
        }
        catch (Exception error)
        {
            Log.StopFailed(logger, part, error);
        }
    }
}
