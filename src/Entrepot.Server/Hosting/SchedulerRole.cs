using Entrepot.Ports.Pools;
using Entrepot.Server.Configuration;
using Entrepot.Server.Scheduler;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>The front door, on the origin's node: it reads the origin's catalog and node registry in memory.</summary>
internal static class SchedulerRole
{
    /// <summary>Starts the surface.</summary>
    public static async Task ListenAsync(NodeContext context, OriginRole origin, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        if (!context.Settings.Scheduler.Enabled)
            return;
        var service = new SchedulerService(
            origin.Catalog, origin.Nodes, SchedulerOptions.From(context.Settings), context.Loggers.CreateLogger<SchedulerService>(),
            OriginFallbacks.FromStore(origin.Trust));
        parts.Push(new Node.Undo(service.Dispose));
        parts.Push(await context.LaunchAsync(
            DefaultPorts.Scheduler, context.Settings.Scheduler, Zone.Public, static services => services.AddScheduler(),
            app => app.MapScheduler(service), cancellation));
    }
}
