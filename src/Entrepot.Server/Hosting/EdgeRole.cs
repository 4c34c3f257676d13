using System.Globalization;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Guard;
using Entrepot.Server.Api;
using Entrepot.Server.Edge;
using Entrepot.Server.Enrolment;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Hosting;

/// <summary>The edges of this process. Each is a node of its own to the rest of the network: a name, a cache, a data port, heart-beats. They
/// reach the origin over HTTP even when it is in the same process, so that one machine behaves as a hundred do.</summary>
internal static class EdgeRole
{
    /// <summary>Starts the edges.</summary>
    /// <param name="context">What every role is given.</param>
    /// <param name="origin">Base address of the origin's metadata surface.</param>
    /// <param name="own">The origin when it runs in this process, else null.</param>
    /// <param name="parts">What is stopped with the node.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task ListenAsync(
        NodeContext context, Uri origin, OriginRole? own, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        var settings = context.Settings;
        var besideOrigin = own is not null;
        foreach (var name in Names(settings.Node, settings.Edges.Count, besideOrigin))
        {
            var options = new EdgeOptions
            {
                Node = name,
                Site = (context.Identity as MemberIdentity)?.Site ?? settings.Site,
                Learn = context.Identity.Learn,
                Version = context.Version,
                Origin = origin,
                Admin = besideOrigin ? context.Network.LocalUrlOf("admin") : null,
                CacheFolder = context.Data.EdgeCache(name.Value),
                Capacity = settings.Edges.Capacity,
                HeartbeatInterval = settings.HeartbeatInterval,
                ProbeInterval = settings.Watch.Probe,
                NodesRead = besideOrigin ? null : context.Evidence.Learn,
                Keys = own is null ? null : () => new ContentKeys(own.Catalog.View.IsGuarded, context.Urls!.Keys),
                ScrubRate = settings.Scrub.Rate,
                ScrubCycle = settings.Scrub.Cycle,
                ScrubDeepCycle = settings.Scrub.DeepCycle,
            };
            DurableFolder.Create(options.CacheFolder);
            var edge = EdgeService.Open(
                options, context.State, context.ToNodes(EdgeService.ConnectTimeout, name, NodeRole.Edge, NodeRole.Origin),
                context.ToNodes(EdgeService.ConnectTimeout, name, NodeRole.Edge, NodeRole.Edge), context.Time, context.Loggers);
            parts.Push(edge);
            var surface = await context.LaunchEdgeAsync(name, app => app.MapEdge(edge), cancellation);
            parts.Push(surface);
            edge.Announce(surface.Document.Url, surface.Document.Reason);
            surface.Announce = (before, after, stop) => MoveAsync(context, edge, before, after, stop);
            var rotation = context.Rotations.Add(surface, context.EdgeRequest(name));
            if (settings.Edges.Rotate is { } period)
                rotation.Start(new RotationSchedule(period, settings.Edges.RotationOverlap));
            parts.Push(rotation);
            context.Shutdown.OnDrain(_ => rotation.StopAsync());
            context.Shutdown.OnDrain(edge.DrainAsync);
        }
    }

    /// <summary>Tells the origin of an edge's new address. It must hear of it while both ports are served, or clients would be sent to the
    /// old one after its end.</summary>
    private static async Task<bool> MoveAsync(
        NodeContext context, EdgeService edge, SurfaceDocument before, SurfaceDocument after, CancellationToken cancellation)
    {
        context.Network.Replace(before, after);
        var told = false;
        try
        {
            told = await edge.MoveAsync(after.Url, after.Reason, cancellation);
            return told;
        }
        finally
        {
            if (!told)
            {
                context.Network.Replace(after, before);
                await edge.StayAsync(before.Url, before.Reason, cancellation);
            }
        }
    }

    /// <summary>A node that is one edge gives it its own name; of several, each gets a number.</summary>
    private static IEnumerable<NodeName> Names(NodeName node, int count, bool besideOrigin)
    {
        if (count == 1 && !besideOrigin)
            return [node];
        var stem = besideOrigin ? "edge" : node.Value;
        return Enumerable.Range(1, count).Select(i => NodeName.Parse(string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}")));
    }
}
