using Entrepot.Ports.Pools;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Edge;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Nodes;
using Entrepot.Server.Registry;
using Entrepot.Server.Replica;
using Entrepot.Server.Scheduler;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>The front door: beside the origin it reads catalog and node registry in memory, elsewhere it follows them.</summary>
internal static class SchedulerRole
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan OriginTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Starts the surface beside the origin.</summary>
    public static Task ListenAsync(NodeContext context, OriginRole origin, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
        => LaunchAsync(
            context, new OwnCatalog(origin.Catalog), origin.Nodes, OriginFallbacks.FromStore(origin.Trust), origin.Content, parts, cancellation,
            app =>
            {
                app.MapRegistry(new RegistryService(origin.Oci, origin.Trust, origin.Content, null, context.Time));
                app.MapRegistryTokens(context.Time);
            });

    /// <summary>Starts the surface on another node than the origin's.</summary>
    public static async Task ListenAsync(NodeContext context, Uri origin, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        var settings = context.Settings;
        var logger = context.Loggers.CreateLogger("Entrepot.Replica");
        var http = new HttpClient(context.ToNodes(ConnectTimeout, settings.Node, context.Identity.Role, NodeRole.Origin)) { Timeout = Timeout.InfiniteTimeSpan };
        parts.Push(new Node.Undo(http.Dispose));
        var client = new OriginClient(http, origin, OriginTimeout, context.Time, new EdgeKeys(null, context.Time));
        var catalog = new CatalogReplica(client, new ReplicaFolder(context.Data.Replica), context.Time, logger);
        await catalog.OpenAsync(cancellation);
        var nodes = new NodeReplica(client, new NodeOptions { Interval = settings.HeartbeatInterval }, context.Time, logger);
        var loops = new BackgroundLoops(logger);
        parts.Push(loops);
        loops.Start("catalog", catalog.RunAsync);
        loops.Start("nodes", nodes.RunAsync);
        // Whom to believe, tokens and keys of addresses: all of it comes with the answers to heart-beats.
        var (tokens, keys) = (new LearnedTokens(context.Time), new EdgeKeys(null, context.Time));
        if (await LaunchAsync(context with { Tokens = null, Judge = tokens, Urls = keys }, catalog, nodes, null, new ContentAccess(catalog, keys, context.Time), parts, cancellation) is not { } surface)
            return;
        var beat = new MemberBeat(
            HeartbeatRequest.SchedulerRole, settings.Node, (context.Identity as MemberIdentity)?.Site ?? settings.Site, context.Version, client, () => surface.Document, () => tokens.Version, Learn,
            context.Time, logger);
        parts.Push(new Node.Undo(beat.Dispose));
        var telling = new BackgroundLoops(logger);
        parts.Push(telling);
        telling.Start("heart-beat", stop => beat.RunAsync(settings.HeartbeatInterval, stop));
        telling.Start("errors of edges", stop => nodes.TellAsync(() => beat.Admin, stop));
        context.Shutdown.OnDrain(beat.DrainAsync);

        void Learn(HeartbeatAnswer answer)
        {
            context.Identity.Learn(answer);
            keys.Learn(answer);
            if (answer.Guarded)
                catalog.Guard();
            if (answer.Tokens is { } notice)
                tokens.Learn(notice);
        }
    }

    private static async Task<RunningSurface?> LaunchAsync(
        NodeContext context, ICatalogSource catalog, INodeDirectory nodes, OriginFallback? fallback, ContentAccess content, Stack<IAsyncDisposable> parts, CancellationToken cancellation,
        Action<WebApplication>? registry = null)
    {
        if (!context.Settings.Scheduler.Enabled)
            return null;
        var options = SchedulerOptions.From(context.Settings) with { EdgeHandler = connect => context.ToNodes(connect, context.Settings.Node, context.Identity.Role, NodeRole.Edge) };
        var service = new SchedulerService(catalog, nodes, options, context.Loggers.CreateLogger<SchedulerService>(), fallback, context.Time, content);
        parts.Push(new Node.Undo(service.Dispose));
        var surface = await context.LaunchAsync(
            DefaultPorts.Scheduler, context.Settings.Scheduler, Zone.Public, static services => services.AddScheduler(),
            app =>
            {
                registry?.Invoke(app);
                app.MapScheduler(service);
            },
            cancellation);
        parts.Push(surface);
        if (context.Settings.Redirect.Enabled)
            parts.Push(await context.LaunchRedirectAsync(app => app.MapHttpsRedirect(() => surface.Document.Port), cancellation));
        return surface;
    }
}
