using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Api;
using Entrepot.Server.Declarations;
using Entrepot.Server.Discovery;
using Entrepot.Server.Leases;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>What looks after the ports of a node once its roles listen: the guard, the leases and what is learnt for
/// decisions, the watch, the portfile and the registries.
/// Each part is pushed when it starts, so that stopping is the reverse.</summary>
/// <param name="context">The node.</param>
/// <param name="declaration">The portfile by which it lives.</param>
/// <param name="inventory">What the host says of its sockets.</param>
/// <param name="nodes">The other nodes, as their heart-beats tell; none but at the origin.</param>
/// <param name="origin">Address of the origin, when that is another process.</param>
internal sealed class PortPlane(
    NodeContext context, NodeDeclaration declaration, IPortInventory inventory, Func<IReadOnlyList<NodeDocument>> nodes, Uri? origin)
{
    /// <summary>Starts all parts, in the order in which each needs the one before.</summary>
    /// <param name="parts">Where they are pushed.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task StartAsync(Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        context.Guard.Start();
        parts.Push(context.Guard);
        context.Launcher.WarnOfRisk();
        var governed = new GovernedServices(context.Settings, declaration, context.Ports, inventory, context.Guard, Logger("Declarations"));
        await governed.ReconcileAsync(context.Launcher.Services, cancellation);
        var names = context.Launcher.Services.SelectMany(PortSuccession.NamesOf).ToHashSet();
        KeepLeases(() => [.. names, .. governed.Names], parts);
        WatchPorts(parts);
        if (declaration.Exists)
            Begin("Declarations", parts, ("portfile", stop => declaration.RunAsync(now => governed.ReconcileAsync(names, now), stop)));
        Publish(parts);
    }

    private void KeepLeases(Func<IReadOnlyCollection<string>> alive, Stack<IAsyncDisposable> parts)
    {
        var keeper = new LeaseKeeper(context.Ports, inventory, context.Observed.Findings, context.Settings.Node, alive, context.Time, Logger("Leases"));
        Begin("Leases", parts, ("lease keeper", keeper.RunAsync), ("port evidence", context.Evidence.RunAsync));
    }

    private void WatchPorts(Stack<IAsyncDisposable> parts)
    {
        Begin("PortWatch", parts, ("port watch", context.Observed.Watcher.RunAsync));
        context.Shutdown.OnDrain(_ =>
        {
            context.Observed.Watcher.Stop();
            return Task.CompletedTask;
        });
    }

    /// <summary>Tells the registries and this machine's commands where the surfaces are, now and whenever one moves.</summary>
    private void Publish(Stack<IAsyncDisposable> parts)
    {
        var directory = new ServiceDirectory(context.Network, context.Ports, context.Settings, nodes);
        var publishing = RegistryPublishing.Start(context.Settings, directory, context.Time, context.Loggers);
        parts.Push(publishing);
        context.Shutdown.OnDrain(publishing.WithdrawAsync);
        context.Network.Moved = () =>
        {
            context.Data.Announce(AnnouncedNetwork.Of(context.Network.Current, origin));
            publishing.Poke();
        };
        context.Network.Moved();
    }

    private void Begin(string category, Stack<IAsyncDisposable> parts, params ReadOnlySpan<(string Name, Func<CancellationToken, Task> Loop)> loops)
    {
        var running = new BackgroundLoops(Logger(category));
        parts.Push(running);
        foreach (var (name, loop) in loops)
            running.Start(name, loop);
    }

    private ILogger Logger(string category) => context.Loggers.CreateLogger($"Entrepot.{category}");
}
