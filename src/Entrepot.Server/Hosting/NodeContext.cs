using System.Security.Authentication;
using Entrepot.Core.Identities;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;
using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Audit;
using Entrepot.Server.Changes;
using Entrepot.Server.Configuration;
using Entrepot.Server.Declarations;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Evidence;
using Entrepot.Server.Guard;
using Entrepot.Server.Http;
using Entrepot.Server.PortWatch;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Tokens;
using Entrepot.Trust.Urls;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>What every role of a node is given.</summary>
/// <param name="Settings">The validated settings.</param>
/// <param name="Data">The data folder, held by this process.</param>
/// <param name="State">The state database.</param>
/// <param name="Ports">The port book of this node.</param>
/// <param name="Launcher">The way to a listener.</param>
/// <param name="Network">The surfaces, for <c>/v1/network</c>.</param>
/// <param name="Version">The product's version.</param>
/// <param name="Time">The clock.</param>
/// <param name="Loggers">Where roles log.</param>
/// <param name="Shutdown">How the surfaces are stopped.</param>
/// <param name="Guard">Watches for strangers on the ports.</param>
internal sealed record NodeContext(
    Settings Settings, DataFolder Data, StateDatabase State, PortBook Ports, SurfaceLauncher Launcher, NetworkDirectory Network,
    string Version, TimeProvider Time, ILoggerFactory Loggers, Shutdown Shutdown, PortGuard Guard)
{
    /// <summary>Seals what the node keeps at rest: private keys, secrets, what the journal tells of people.</summary>
    public required SealingKey SealingKey { get; init; }

    /// <summary>Reads, proves and exports the journal.</summary>
    public AuditService Audit { get; } = new(State, Time);

    /// <summary>Counts credentials that are not good, by source.</summary>
    public FailureBook Failures { get; init; } = new(Time);

    /// <summary>Accounts and sessions of people; null away from the origin.</summary>
    public AccountService? Accounts { get; init; }

    /// <summary>Changes of documents, with the portfile by which the node lives; null away from the origin.</summary>
    public (ChangeDesk Desk, NodeDeclaration Declaration, IPortInventory Inventory)? Changes { get; init; }

    /// <summary>Judges tokens; null where none can be judged.</summary>
    public ITokenJudge? Judge { get; init; }

    /// <summary>Makes and judges tokens; null away from the origin.</summary>
    public TokenAuthority? Tokens { get; init; }

    /// <summary>Sign addresses that open private files; null away from the origin.</summary>
    public IUrlKeys? Urls { get; init; }

    /// <summary>What is seen of the ports of this node.</summary>
    public required ObservedPorts Observed { get; init; }

    /// <summary>By what the node proves itself, and whom it believes.</summary>
    public required INodeIdentity Identity { get; init; }

    /// <summary>What is known for decisions about ports.</summary>
    public required NodeEvidence Evidence { get; init; }

    /// <summary>The surfaces whose port can be changed.</summary>
    public PortRotations Rotations { get; } = new(Time, Loggers);

    /// <summary>Makes connections to other nodes.</summary>
    /// <param name="connect">Longest wait for a connection.</param>
    /// <param name="own">The node of this process that connects.</param>
    /// <param name="role">What it is.</param>
    /// <param name="expected">What the others are.</param>
    public HttpMessageHandler ToNodes(TimeSpan connect, NodeName own, NodeRole role, NodeRole expected)
        => NodeHandler.Create(connect, Identity.Trust, Identity.CertificateOf(own, role), expected);

    /// <summary>Starts one of the fixed surfaces and makes it known.</summary>
    public Task<RunningSurface> LaunchAsync(
        DefaultPort surface, SurfaceSettings settings, Zone usual, Action<IServiceCollection>? services, Action<WebApplication> map,
        CancellationToken cancellation)
    {
        var request = DefaultPorts.Request(Settings.Node, surface) with
        {
            WantedPort = settings.Port,
            EmergencyPort = Settings.EmergencyPort,
            // An operator who names a privileged port wants it.
            AllowPrivileged = settings.Port is > 0 and < 1024,
        };
        var plan = new SurfacePlan(surface.Service, Settings.Node.Value, request, Settings.ZoneOf(settings.Zone, usual), settings.Allow)
        {
            Access = AccessOf(surface),
            Rate = settings.Rate,
            Tls = settings.Tls,
            ClientCertificates = surface == DefaultPorts.Push ? ClientCertificateMode.Optional : ClientCertificateMode.None,
        };
        return LaunchAsync(plan, services, map, cancellation);
    }

    /// <summary>What an edge asks of the port book.</summary>
    public PortRequest EdgeRequest(NodeName edge) => DefaultPorts.EdgeRequest(Settings.Node, edge.Value) with
    {
        Pool = new PortPool("edges", Settings.Edges.Pool.First, Settings.Edges.Pool.Last),
        EmergencyPort = Settings.EmergencyPort,
    };

    /// <summary>Starts an edge's data port and makes it known.</summary>
    public Task<RunningSurface> LaunchEdgeAsync(NodeName edge, Action<WebApplication> map, CancellationToken cancellation)
    {
        var request = EdgeRequest(edge);
        var plan = new SurfacePlan("edge", edge.Value, request, Settings.ZoneOf(Settings.Edges.Zone, Zone.Public), Settings.Edges.Allow)
        {
            Access = new SurfaceAccess("edge") { OpenReading = true },
            Rate = Settings.Edges.Rate,
            Tls = Settings.Edges.Tls, Role = NodeRole.Edge,
        };
        return LaunchAsync(plan, null, map, cancellation);
    }

    /// <summary>Starts the surface that sends clear text on to another's TLS. On no other port than the wanted one: nobody would look for it there.</summary>
    public Task<RunningSurface> LaunchRedirectAsync(Action<WebApplication> map, CancellationToken cancellation)
    {
        var request = new PortRequest
        {
            Node = Settings.Node, Service = DefaultPorts.Redirect.Service, WantedPort = Settings.Redirect.Port, AllowPrivileged = Settings.Redirect.Port is > 0 and < 1024, Audience = PortAudience.Browser,
        };
        var plan = new SurfacePlan(DefaultPorts.Redirect.Service, Settings.Node.Value, request, Settings.ZoneOf(Settings.Redirect.Zone, Zone.Public), Settings.Redirect.Allow)
        {
            Access = new SurfaceAccess(DefaultPorts.Redirect.Service),
            Rate = Settings.Redirect.Rate,
            // It answers everything itself, by the port of another.
            Tls = new TlsSettings { Mode = TlsMode.Optional, ClientCertificates = ClientCertificateMode.None },
            Role = Identity.Role,
        };
        return LaunchAsync(plan, null, map, cancellation);
    }

    /// <summary>Starts the audit service's surface: TLS 1.3 with a client's certificate alone, whatever the settings say of other surfaces.</summary>
    public Task<RunningSurface> LaunchAuditAsync(Action<WebApplication> map, CancellationToken cancellation)
    {
        var request = EdgeRequest(Settings.Node) with { Service = DefaultPorts.Audit.Service };
        var plan = new SurfacePlan(DefaultPorts.Audit.Service, Settings.Node.Value, request, Settings.ZoneOf(Settings.Audit.Zone, Zone.Management), Settings.Audit.Allow)
        {
            Access = new SurfaceAccess(DefaultPorts.Audit.Service) { Failures = Failures },
            Rate = Settings.Audit.Rate,
            Tls = Settings.Audit.Tls with { Mode = TlsMode.Required, Minimum = SslProtocols.Tls13, ClientCertificates = ClientCertificateMode.Required },
            Role = Identity.Role,
        };
        return LaunchAsync(plan, null, map, cancellation);
    }

    /// <summary>Starts a surface that only this machine may use and that nobody is told of, guarded as the others are.</summary>
    public async Task<RunningSurface> LaunchScratchAsync(PortRequest request, Action<WebApplication> map, CancellationToken cancellation)
    {
        var plan = new SurfacePlan(request.Service, Settings.Node.Value, request, Zone.Loopback, SurfaceSettings.ThisMachine) { Access = new SurfaceAccess(request.Service) };
        var surface = await Launcher.LaunchScratchAsync(plan, null, map, cancellation);
        Guard.Add(surface, request);
        return surface;
    }

    /// <summary>Ends a surface that <see cref="LaunchScratchAsync"/> started, and gives its port back.</summary>
    public async Task CloseScratchAsync(RunningSurface surface)
    {
        await Guard.RemoveAsync(surface);
        var lease = surface.Port.Lease;
        await surface.DisposeAsync();
        await Ports.TryReleaseAsync(lease, $"'{lease.Service}' has ended.", "system:node");
    }

    /// <summary>True for a surface that everybody may read content and network from.</summary>
    public bool IsOpen(DefaultPort surface) => surface == DefaultPorts.Scheduler || (surface == DefaultPorts.Metadata && Settings.PublicMetadata);

    private SurfaceAccess AccessOf(DefaultPort surface) => new(surface.Service)
    {
        Tokens = Judge ?? Tokens,
        Urls = Urls,
        Sessions = Accounts?.Sessions,
        TakesCookies = surface == DefaultPorts.Metadata || surface == DefaultPorts.Scheduler,
        Failures = Failures,
        OpenReading = IsOpen(surface),
    };

    private async Task<RunningSurface> LaunchAsync(
        SurfacePlan plan, Action<IServiceCollection>? services, Action<WebApplication> map, CancellationToken cancellation)
    {
        var surface = await Launcher.LaunchAsync(plan, services, map, cancellation);
        Network.Add(surface.Document);
        surface.Announce = (before, after, _) =>
        {
            Network.Replace(before, after);
            return Task.FromResult(true);
        };
        Shutdown.Add(surface);
        surface.Follow = Guard.FollowAsync;
        Guard.Add(surface, plan.Request);
        return surface;
    }
}
