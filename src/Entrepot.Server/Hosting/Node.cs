using System.Reflection;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Mirror.Catalog;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Truth;
using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Agent;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.Changes;
using Entrepot.Server.Declarations;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Evidence;
using Entrepot.Server.Guard;
using Entrepot.Server.PortWatch;
using Entrepot.Server.Tls;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Tokens;
using Entrepot.Trust.Urls;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>A running node: a process that holds a data folder and runs roles. Starting reads top to bottom; stopping is the reverse.</summary>
public sealed class Node : IAsyncDisposable
{
    private readonly NodeContext _context;
    private readonly Stack<IAsyncDisposable> _parts;

    private Node(NodeContext context, Stack<IAsyncDisposable> parts) => (_context, _parts) = (context, parts);

    /// <summary>The product's version, with the commit where the build knew it.</summary>
    public static string Version { get; } =
        typeof(Node).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>The features that keep state, in order of dependency.</summary>
    public static IReadOnlyList<Assembly> StateFeatures { get; } = [typeof(MirrorCatalog).Assembly, typeof(PortBook).Assembly, typeof(Principal).Assembly, typeof(Node).Assembly];

    /// <summary>The surfaces that listen.</summary>
    public NetworkDocument Network => _context.Network.Current;

    /// <summary>The surfaces whose port can be changed.</summary>
    internal PortRotations Rotations => _context.Rotations;

    /// <summary>The surfaces that listen, with what they answer.</summary>
    internal IReadOnlyList<RunningSurface> Surfaces => _context.Shutdown.Surfaces;

    /// <summary>What is seen of the ports of this node.</summary>
    public ObservedPorts Observed => _context.Observed;

    /// <summary>By what the node proves itself, and whom it believes.</summary>
    internal INodeIdentity Identity => _context.Identity;

    /// <summary>A file that is worth downloading, as <c>mirror/path</c>, or null when nothing was published.</summary>
    public string? Sample { get; private init; }

    /// <summary>Starts the roles of a plan.</summary>
    /// <param name="plan">What to start.</param>
    /// <param name="loggers">Where the node logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up; what was started is stopped again.</param>
    /// <exception cref="Core.Faults.FaultException">Roles, data folder, state or ports; nothing stays running.</exception>
    public static async Task<Node> StartAsync(NodePlan plan, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        plan.Validate();
        var settings = plan.Settings;
        var parts = new Stack<IAsyncDisposable>();
        try
        {
            var data = DataFolder.Open(settings.DataFolder);
            parts.Push(new Undo(data.Dispose));
            var sealing = SealingKey.OpenOrCreate(settings.SealingKey ?? data.SealingKeyFile);
            parts.Push(new Undo(sealing.Dispose));
            var state = StateDatabase.Open(data.StateFile, sealing, StateFeatures);
            parts.Push(state);
            var journal = await NodeJournal.BeginAsync(state, plan, Version, time, cancellation);
            parts.Push(journal);
            var keeping = new BackgroundLoops(loggers.CreateLogger("Entrepot.Audit"));
            parts.Push(keeping);
            keeping.Start("journal keeper", new JournalKeeper(state, settings.Journal, time, loggers.CreateLogger("Entrepot.Audit")).RunAsync);
            var tokens = plan.Roles.HasFlag(NodeRoles.Origin)
                ? await TokenAuthority.OpenAsync(state, sealing, new TokenOptions { MaxLifetime = settings.MaxTokenLifetime }, time, cancellation)
                : null;
            if (tokens is not null)
                parts.Push(new Undo(tokens.Dispose));
            var (identity, member) = await IdentifyAsync(plan, data, state, sealing, loggers, time, cancellation);
            if (identity is IDisposable disposable)
                parts.Push(new Undo(disposable.Dispose));
            var certificates = new CertificateFiles(time, loggers.CreateLogger("Entrepot.Tls"));
            var failures = new FailureBook(time);
            var accounts = tokens is null ? null : new AccountService(state, sealing, failures, settings.OpenIdConnect.Resolve(), time, loggers.CreateLogger("Entrepot.OpenIdConnect")) { Address = settings.OpenIdConnect.Address };
            parts.Push(new Undo(() => accounts?.Dispose()));
            var inventory = new ListeningSockets();
            var changes = tokens is null ? null : await ChangeDesk.OpenAsync(settings, state, sealing, tokens.Network, loggers.CreateLogger("Entrepot.Changes"), time, cancellation);
            if (changes is null && !settings.Changes.Require.IsEmpty)
                Changes.Log.NotTheOrigin(loggers.CreateLogger("Entrepot.Changes"));
            var declaration = NodeDeclaration.Open(settings, time, loggers.CreateLogger("Entrepot.Declarations"), changes?.Portfile);
            var book = new PortBook(state, declaration.Policy(), time);
            var launcher = new SurfaceLauncher(new PortBinder(book, inventory), state, settings, identity, certificates, time, loggers);
            var metadata = settings.Origin ?? member?.Metadata;
            OriginRole? origin = null;
            var network = new NetworkDirectory(Version, settings.Node.Value, Nodes);
            var agent = settings.AgentSocket ?? AgentClient.UsualSocket;
            var guard = new PortGuard(inventory, state, new AgentDoorKeeper(agent), GuardOptions.From(settings), time, loggers.CreateLogger("Entrepot.Guard"));
            var permitted = new KeptReading(
                PermittedSources.Create(
                    agent, () => new SafetyFloor(declaration.Current.Policy.ManagementPort, declaration.Current.Policy.ManagementNetworks), time),
                time);
            var context = new NodeContext(settings, data, state, book, launcher, network, Version, time, loggers, new Shutdown(time, loggers.CreateLogger("Entrepot.Hosting")), guard)
            {
                SealingKey = sealing,
                Failures = failures,
                Tokens = tokens,
                Changes = changes is null ? null : (changes, declaration, inventory),
                Accounts = accounts,
                Urls = plan.Roles.HasFlag(NodeRoles.Origin) ? await UrlKeyRing.OpenAsync(state, sealing, time, cancellation) : null,
                Identity = identity,
                Observed = new ObservedPorts(
                    settings.Node, Declared, () => book.Policy.Pools, inventory, permitted, (() => network.Current, () => network.Own), state, new WatchOptions { Interval = settings.Watch.Interval }, time,
                    loggers.CreateLogger("Entrepot.PortWatch")),
                Evidence = new NodeEvidence(settings, book, network, permitted, time),
            };
            parts.Push(new Undo(context.Audit.Dispose));
            parts.Push(new Undo(context.Observed.Dispose));
            context.Evidence.Begin(() => origin?.Nodes.View.Documents, () => context.Observed.Reports.Here);

            var fresh = new BackgroundLoops(loggers.CreateLogger("Entrepot.Enrolment"));
            parts.Push(fresh);
            fresh.Start("identity", identity.RunAsync);
            fresh.Start("certificate files", certificates.RunAsync);
            if (plan.Roles.HasFlag(NodeRoles.Origin))
            {
                origin = await OriginRole.OpenAsync(context, parts, cancellation);
                if (plan.PublishRuntime)
                    await origin.PublishRuntimeAsync(cancellation);
                await origin.ListenAsync(context, (OriginIdentity)identity, parts, cancellation);
                if (plan.Roles.HasFlag(NodeRoles.Scheduler))
                    await SchedulerRole.ListenAsync(context, origin, parts, cancellation);
            }
            else if (plan.Roles.HasFlag(NodeRoles.Scheduler))
            {
                await SchedulerRole.ListenAsync(context, metadata ?? throw NoMetadata(), parts, cancellation);
            }

            if (plan.Roles.HasFlag(NodeRoles.Audit))
            {
                if (origin is not null)
                    await AuditRole.ListenAsync(context, parts, cancellation);
                else
                    await AuditRole.ListenAsync(context, metadata ?? throw NoMetadata(), parts, cancellation);
            }

            if (plan.Roles.HasFlag(NodeRoles.Edge))
            {
                var address = network.LocalUrlOf("metadata") is { } own ? new Uri(own) : metadata ?? throw NoMetadata();
                await EdgeRole.ListenAsync(context, address, origin, parts, cancellation);
            }

            await new PortPlane(context, declaration, inventory, Nodes, origin is null ? metadata : null).StartAsync(parts, cancellation);
            journal.Up();
            return new Node(context, parts) { Sample = origin?.Sample };

            IReadOnlyList<NodeDocument> Nodes() => origin?.Members() ?? [];

            IReadOnlyList<DeclaredPort> Declared() => DeclaredPorts.Of(
                book.Leases().Where(lease => lease.Node == settings.Node),
                declaration.Current.Services.Where(service => service.Placement.Covers(settings.Node, settings.Site)),
                launcher.Services.SelectMany(PortSuccession.NamesOf).ToHashSet(), Environment.ProcessId);
        }
        catch
        {
            await StopAsync(parts, loggers);
            throw;
        }
    }

    /// <summary>Takes no new requests, lets those in progress finish, stops the loops and closes the state.</summary>
    public async ValueTask DisposeAsync()
    {
        await _context.Shutdown.RunAsync();
        await StopAsync(_parts, _context.Loggers);
        Log.NodeStopped(_context.Loggers.CreateLogger("Entrepot.Hosting"), _context.Settings.Node.Value);
    }

    private static FaultException NoMetadata() => Fault.Of(
        HostingFault.Roles, FaultKind.Unavailable, "The origin has no metadata surface for other nodes to read from.", "Turn it on at the origin, or name another with the setting 'origin'.").ToException();

    private static async Task<(INodeIdentity, MemberIdentity?)> IdentifyAsync(
        NodePlan plan, DataFolder data, StateDatabase state, SealingKey sealing, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        if (plan.Roles.HasFlag(NodeRoles.Origin))
            return (await OriginIdentity.OpenAsync(state, sealing, plan.Settings, data.AuthoritiesFile, time), null);
        var member = await MemberIdentity.OpenAsync(
            plan.Join, RoleOf(plan.Roles), plan.Settings, new MemberFile(data.MemberFile, data.AuthoritiesFile, sealing), time, loggers.CreateLogger("Entrepot.Enrolment"), cancellation);
        return (member, member);
    }

    /// <summary>What a node that joined is to the network.</summary>
    private static NodeRole RoleOf(NodeRoles roles) => roles.HasFlag(NodeRoles.Edge) ? NodeRole.Edge : roles.HasFlag(NodeRoles.Audit) ? NodeRole.Audit : NodeRole.Scheduler;

    /// <summary>Stops the parts, the last one started first. One that fails does not keep the others from being stopped.</summary>
    private static async Task StopAsync(Stack<IAsyncDisposable> parts, ILoggerFactory loggers)
    {
        while (parts.TryPop(out var part))
        {
            try
            {
                await part.DisposeAsync();
            }
            catch (Exception error)
            {
                Log.StopFailed(loggers.CreateLogger("Entrepot.Hosting"), part.GetType().Name, error);
            }
        }
    }

    /// <summary>Something that is undone by a plain call.</summary>
    internal sealed class Undo(Action action) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            action();
            return ValueTask.CompletedTask;
        }
    }
}
