using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Journal;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog.GarbageCollection;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Mirror.Sources;
using Entrepot.Mirror.Oci;
using Entrepot.Mirror.Uploads;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Admin;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.Changes;
using Entrepot.Server.ClientCertificates;
using Entrepot.Server.Configuration;
using Entrepot.Server.Discovery;
using Entrepot.Server.Drills;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Metadata;
using Entrepot.Server.Nodes;
using Entrepot.Server.PortWatch;
using Entrepot.Server.Push;
using Entrepot.Server.Registry;
using Entrepot.Server.Scheduler;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Changes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>The authority for bytes: blob store, catalog, uploads, the loops that keep them in order, and the push, metadata and admin
/// surfaces.</summary>
internal sealed class OriginRole
{
    private readonly FolderImport _import;

    private OriginRole(BlobStore blobs, MirrorCatalog catalog, UploadStore uploads, GarbageCollector garbage, Scrubber scrubber, BlobTrust trust, Md5Completion md5, NodeRegistry nodes, NodeRegistry others)
    {
        (Blobs, Catalog, Uploads, Garbage, Scrubber, Trust, Md5, Nodes, Others) = (blobs, catalog, uploads, garbage, scrubber, trust, md5, nodes, others);
        _import = new FolderImport(blobs, catalog);
    }

    /// <summary>Who may read what.</summary>
    public required ContentAccess Content { get; init; }

    public BlobStore Blobs { get; }

    public MirrorCatalog Catalog { get; }

    /// <summary>What the repositories of OCI mirrors hold.</summary>
    public OciCatalog Oci => field ??= new OciCatalog(Catalog, Blobs);

    public UploadStore Uploads { get; }

    public GarbageCollector Garbage { get; }

    public Scrubber Scrubber { get; }

    public BlobTrust Trust { get; }

    public Md5Completion Md5 { get; }

    /// <summary>The edges.</summary>
    public NodeRegistry Nodes { get; }

    /// <summary>The schedulers and audit services on other nodes.</summary>
    public NodeRegistry Others { get; }

    /// <summary>Every node that sends heart-beats, by name.</summary>
    public IReadOnlyList<NodeDocument> Members()
        => [.. Nodes.View.Documents.Concat(Others.View.Documents).OrderBy(static node => node.Last.Node, StringComparer.Ordinal)];

    /// <summary>A file worth downloading, as <c>mirror/path</c>.</summary>
    public string? Sample => RuntimeMirror.Sample(Catalog.View) is { } path ? $"{RuntimeMirror.Name}/{path.ToUrl()}" : null;

    /// <summary>Opens what is on disk and begins to keep it in order; nothing listens yet.</summary>
    public static Task<OriginRole> OpenAsync(NodeContext context, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var settings = context.Settings;
        var pool = new BlockPool();
        parts.Push(new Node.Undo(pool.Dispose));
        var blobs = BlobStore.Open(context.Data.Blobs, pool, context.Time);
        var catalog = MirrorCatalog.Open(context.State, context.Time);
        var uploads = UploadStore.Open(
            blobs,
            new UploadOptions { MaxOpen = settings.Uploads.MaxOpen, MaxBytes = settings.Uploads.MaxSize, MaxAge = settings.Uploads.Expiry },
            context.Time);
        parts.Push(uploads);
        var collection = new GarbageCollectionOptions { Grace = settings.GarbageCollection.Grace, Interval = settings.GarbageCollection.Interval };
        var garbage = new GarbageCollector(catalog, blobs, collection);
        parts.Push(new Node.Undo(garbage.Dispose));
        var logger = context.Loggers.CreateLogger<NodeRegistry>();
        var nodes = new NodeRegistry(
            new NodeOptions { Interval = settings.HeartbeatInterval }, context.Time, logger, change => _ = JournalAsync(context, change, logger));
        var others = new NodeRegistry(
            new NodeOptions { Interval = settings.HeartbeatInterval }, context.Time, logger, change => _ = JournalAsync(context, change, logger));
        var holders = new EdgeHolders(nodes, context.ToNodes(TimeSpan.FromSeconds(2), settings.Node, NodeRole.Origin, NodeRole.Edge));
        parts.Push(new Node.Undo(holders.Dispose));
        var scrubber = Scrubber.Open(
            catalog, blobs, holders.Current,
            new ScrubOptions { BytesPerSecond = settings.Scrub.Rate, Cycle = settings.Scrub.Cycle, DeepCycle = settings.Scrub.DeepCycle },
            context.Loggers.CreateLogger<Scrubber>());
        parts.Push(new Node.Undo(scrubber.Dispose));
        var trust = new BlobTrust(scrubber, context.Loggers.CreateLogger<BlobTrust>());
        var md5 = new Md5Completion(catalog, blobs, scrubber, context.Time, context.Loggers.CreateLogger<Md5Completion>());
        var credential = OperatorCredential.Open(
            context.Tokens!, DataFolder.OperatorTokenFile(context.Data.Root), context.Time, context.Loggers.CreateLogger("Entrepot.Access"));
        parts.Push(new Node.Undo(credential.Dispose));
        var loops = new BackgroundLoops(logger);
        parts.Push(loops);
        loops.Start("operator's credential", credential.RunAsync);
        loops.Start("node registry", nodes.RunAsync);
        loops.Start("registry of other nodes", others.RunAsync);
        loops.Start("garbage collection", new GarbageCollectionLoop(
            garbage, collection, context.Time, context.Loggers.CreateLogger<GarbageCollectionLoop>()).RunAsync);
        loops.Start("upload sweep", new UploadSweeper(uploads, context.Time, context.Loggers.CreateLogger("Entrepot.Push")).RunAsync);
        loops.Start("scrub", new ScrubLoop(scrubber, context.Time, context.Loggers.CreateLogger<ScrubLoop>()).RunAsync);
        loops.Start("examination of what was found rotten", trust.RunAsync);
        loops.Start("MD5 completion", md5.RunAsync);
        return Task.FromResult(new OriginRole(blobs, catalog, uploads, garbage, scrubber, trust, md5, nodes, others)
        {
            Content = new ContentAccess(new OwnCatalog(catalog), context.Urls, context.Time),
        });
    }

    /// <summary>Publishes the runtime mirror if there is no mirror yet.</summary>
    public async Task PublishRuntimeAsync(CancellationToken cancellation)
    {
        if (await RuntimeMirror.PublishAsync(Catalog, _import, cancellation) is not { } publication)
            return;
        foreach (var entry in publication.Snapshot.Entries)
            Md5.Enqueue(entry.Digest);
    }

    /// <summary>Starts the surfaces.</summary>
    public async Task ListenAsync(NodeContext context, OriginIdentity identity, Stack<IAsyncDisposable> parts, CancellationToken cancellation)
    {
        var settings = context.Settings;
        var reference = new ApiReference(context.Version);
        var readiness = new ReadinessProbe(
            [ReadinessProbe.State(context.State), ReadinessProbe.Blobs(Blobs), ReadinessProbe.Surfaces(() => context.Network.Current)],
            context.Time);
        parts.Push(new Node.Undo(readiness.Dispose));

        if (settings.Push.Enabled)
        {
            var push = new PushService(
                Blobs, Catalog, Uploads, new PushOptions { MaxBytes = settings.Uploads.MaxSize }, context.Time, () => context.Network.UrlOf("scheduler"),
                Md5.Enqueue)
            {
                Possession = new BlobPossession(Content),
            };
            parts.Push(new Node.Undo(push.Dispose));
            var logger = context.Loggers.CreateLogger("Entrepot.Push");
            parts.Push(await LaunchAsync(DefaultPorts.Push, settings.Push, Zone.Internal, app =>
            {
                app.MapPush(push, logger);
                app.MapRegistry(new RegistryService(Oci, Trust, Content, push, context.Time));
                app.MapRegistryTokens(context.Time);
            }));
        }

        if (settings.Admin.Enabled)
        {
            var admin = new AdminService(Catalog, Garbage, new VerificationFeed(Scrubber, (actor, request, end) => JournalAsync(context, actor, request, end)).RunAsync)
            {
                NeedsApproval = settings.Changes.Needs(ChangedDocument.Mirrors),
            };
            HeartbeatAnswer Accept(HeartbeatRequest beat)
            {
                (beat.Role is null or HeartbeatRequest.EdgeRole ? Nodes : Others).Accept(beat);
                context.Observed.Reports.Accept(beat);
                // Who serves no bytes needs no keys to them.
                var isScheduler = beat.Role == HeartbeatRequest.SchedulerRole;
                return new HeartbeatAnswer(Catalog.View.IsGuarded, beat.Role == HeartbeatRequest.AuditRole ? [] : [.. context.Urls!.Keys.Select(static key => new UrlKeyDocument(key.Epoch, key.Secret))])
                {
                    Tokens = isScheduler && context.Tokens!.Notice is var notice && notice.Version != beat.TokenVersion ? notice : null,
                };
            }

            var enrolment = new EnrolmentService(identity, () => context.Network.UrlOf("metadata") is { } url ? new Uri(url).Port : null, Accept, context.Time);
            identity.Enrolment.ShutOut += Nodes.Forget;
            identity.Enrolment.ShutOut += Others.Forget;
            var drills = new DrillBook([new HijackDrill(context, OwnProgram.Current), new RotationDrill(context, SmallFile)], context.State, context.Time);
            parts.Push(new Node.Undo(drills.Dispose));
            var changes = OpenChanges(context, identity, parts);
            parts.Push(await LaunchAsync(DefaultPorts.Admin, settings.Admin, Zone.Management, app =>
            {
                app.MapAdmin(admin);
                app.MapEdgeErrors(Nodes);
                app.MapTokens(context.Tokens!, context.Time);
                app.MapEnrolment(enrolment);
                new ClientCertificateEndpoints(identity.Clients, () => identity.Trust.Current.ToPem(), context.Time).Map(app);
                app.MapUsers(context.Accounts!);
                app.MapChanges(changes, context.Accounts!);
                app.MapDrills(drills);
                app.MapFindingOrders(context.Observed);
                app.MapOutsideView(new OutsideView(settings.Node, context.Observed.Targets, new PortProber(new SocketProbe(context.Time)), context.Time));
                app.MapAuditOrders(context.Audit);
            }));
        }

        if (settings.Metadata.Enabled)
        {
            var metadata = new MetadataService(
                Catalog, Trust, context.State, Members,
                new PortExplainer(context.Ports, new ListeningSockets(), settings.Node)
                {
                    Owners = () => context.Observed.Declared().ToLookup(static port => (port.Service, port.Protocol), static port => port.Owner),
                },
                () => context.Network.Current, readiness, reference)
            {
                Audit = context.Audit,
                Observed = context.Observed,
                Tokens = context.Tokens,
                Accounts = context.Accounts,
                Content = Content,
                Services = new ServiceDirectory(context.Network, context.Ports, settings, Members).All,
            };
            parts.Push(await LaunchAsync(DefaultPorts.Metadata, settings.Metadata, Zone.Public, app => app.MapMetadata(metadata)));
        }

        Task<RunningSurface> LaunchAsync(DefaultPort surface, SurfaceSettings wanted, Zone usual, Action<WebApplication> map)
            => context.LaunchAsync(
                surface, wanted, usual, ApiReference.Configure,
                app =>
                {
                    map(app);
                    reference.Include(surface.Service, app.Services, () => context.Network.UrlOf(surface.Service), context.IsOpen(surface));
                },
                cancellation);
    }

    private ChangeService OpenChanges(NodeContext context, OriginIdentity identity, Stack<IAsyncDisposable> parts)
    {
        var (desk, declaration, inventory) = context.Changes!.Value;
        var logger = context.Loggers.CreateLogger("Entrepot.Changes");
        var portfile = new PortfileDocument(
            context.Settings, desk.Book, desk.Portfile, declaration, context.Ports, inventory, () => context.Launcher.Services.SelectMany(PortSuccession.NamesOf).ToHashSet(),
            context.State, context.Time, logger);
        parts.Push(new Node.Undo(portfile.Dispose));
        var service = new ChangeService(desk, [portfile, new MirrorsDocument(Catalog, desk.Book, context.Settings.Changes)], context.Settings.Changes, IssuerOf, context.Time, logger);
        var loops = new BackgroundLoops(logger);
        parts.Push(loops);
        loops.Start("changes", service.RunAsync);
        return service;

        string? IssuerOf(string principal) => principal.Split(':', 2) switch
        {
            ["token", var name] => context.Tokens!.List().Where(token => token.Grant.Name == name).MaxBy(static token => (token.RevokedAt is null, token.Grant.ExpiresAt))?.IssuedBy,
            ["certificate", var name] => identity.Clients.List().Where(known => known.Identity.Name.Value == name).MaxBy(static known => (known.RevokedAt is null, known.ExpiresAt))?.IssuedBy,
            _ => null,
        };
    }

    /// <summary>The smallest file that is not empty, as <c>mirror/path</c>.</summary>
    private string? SmallFile()
        => Catalog.View.Mirrors.Values
            .SelectMany(static mirror => mirror.Current.Entries.Where(static entry => entry.Size > 0).Select(entry => (mirror.Info.Name, entry)))
            .OrderBy(static pair => pair.entry.Size)
            .Select(static pair => $"{pair.Name}/{pair.entry.Path.ToUrl()}")
            .FirstOrDefault();

    private static Task JournalAsync(NodeContext context, string actor, VerifyRequest request, VerifyProgress? end)
        => context.State.WriteAsync(transaction => JournalTable.Append(
            transaction,
            new JournalEntry(
                context.Time.GetUtcNow(), actor, end is null ? "verify.begin" : "verify.end", request.Mirror ?? "*",
                end is null
                    ? JournalDetails.Of(("deep", request.Deep ? "true" : "false"))
                    : JournalDetails.Of(
                        ("blobs", end.Blobs.ToString(CultureInfo.InvariantCulture)), ("bytes", end.Bytes.ToString(CultureInfo.InvariantCulture))))));

    private static async Task JournalAsync(NodeContext context, NodeStateChange change, ILogger logger)
    {
        try
        {
            await context.State.WriteAsync(transaction => JournalTable.Append(
                transaction,
                new JournalEntry(change.At, "system:nodes", "node.state", change.Node.Value, JournalDetails.Of(("reason", change.Reason)))
                {
                    Before = JsonSerializer.Serialize(change.From),
                    After = JsonSerializer.Serialize(change.To),
                }));
        }
        catch (Exception error)
        {
            // The registry's own state is right all the same; the log has what the journal lacks.
            Log.JournalFailed(logger, change.Node.Value, error);
        }
    }
}
