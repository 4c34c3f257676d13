using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.Audit.Copy;
using Entrepot.Server.Edge;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Nodes;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Hosting;

/// <summary>The audit service: beside the origin it shows the origin's own journal, elsewhere a copy that it follows and proves, which whoever rules the
/// origin can't change.</summary>
internal static class AuditRole
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan OriginTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Starts the surface beside the origin.</summary>
    public static Task ListenAsync(NodeContext context, Stack<IAsyncDisposable> parts, CancellationToken cancellation) => LaunchAsync(context, context.Audit, parts, cancellation);

    /// <summary>Starts the surface on another node than the origin's, and the copying.</summary>
    public static async Task ListenAsync(NodeContext context, Uri origin, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        var settings = context.Settings;
        var logger = context.Loggers.CreateLogger("Entrepot.Audit");
        var http = new HttpClient(context.ToNodes(ConnectTimeout, settings.Node, NodeRole.Audit, NodeRole.Origin)) { Timeout = Timeout.InfiniteTimeSpan };
        parts.Push(new Node.Undo(http.Dispose));
        var follower = new JournalFollower(new OriginJournal(http, origin, context.Time), context.State, context.SealingKey, context.Time, logger);
        var loops = new BackgroundLoops(logger);
        parts.Push(loops);
        loops.Start("copy of the journal", stop => follower.RunAsync(settings.Journal.CopyInterval, stop));
        if (await LaunchAsync(context, new JournalCopy(context.State, context.SealingKey, context.Time), parts, cancellation) is not { } surface)
            return;
        var client = new OriginClient(http, origin, OriginTimeout, context.Time, new EdgeKeys(null, context.Time));
        var beat = new MemberBeat(
            HeartbeatRequest.AuditRole, settings.Node, (context.Identity as MemberIdentity)?.Site ?? settings.Site, context.Version, client, () => surface.Document, static () => null, context.Identity.Learn,
            context.Time, logger);
        parts.Push(new Node.Undo(beat.Dispose));
        var telling = new BackgroundLoops(logger);
        parts.Push(telling);
        telling.Start("heart-beat", stop => beat.RunAsync(settings.HeartbeatInterval, stop));
        context.Shutdown.OnDrain(beat.DrainAsync);
    }

    private static async Task<RunningSurface?> LaunchAsync(NodeContext context, IAuditedJournal journal, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        if (!context.Settings.Audit.Enabled)
            return null;
        var surface = await context.LaunchAuditAsync(
            app => app.MapAudit(journal, () => new NetworkDocument(context.Version, context.Settings.Node.Value, [.. context.Network.Own.Where(static own => own.Surface == "audit")])), cancellation);
        parts.Push(surface);
        return surface;
    }
}
