using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Http;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>What a surface needs before it can listen.</summary>
/// <param name="Name"><c>push</c>, <c>metadata</c>, <c>admin</c>, <c>scheduler</c> or <c>edge</c>.</param>
/// <param name="Node">The node it belongs to; an embedded edge has a name of its own.</param>
/// <param name="Request">What it asks of the port book.</param>
/// <param name="Zone">The zone that its listener faces.</param>
/// <param name="Allow">Who may use it.</param>
internal sealed record SurfacePlan(string Name, string Node, PortRequest Request, Zone Zone, IReadOnlyList<IPNetwork> Allow)
{
    /// <summary>How it decides who may do what.</summary>
    public required SurfaceAccess Access { get; init; }

    /// <summary>Most requests per source, or null.</summary>
    public AccessRate? Rate { get; init; }

    /// <summary>TLS, where it differs from the node's.</summary>
    public TlsSettings Tls { get; init; } = new();

    /// <summary>Whether clients are asked for a certificate, where the settings say nothing.</summary>
    public ClientCertificateMode ClientCertificates { get; init; } = ClientCertificateMode.None;

    /// <summary>What its node is to the network.</summary>
    public NodeRole Role { get; init; } = NodeRole.Origin;
}

/// <summary>Takes a surface from plan to listening: lease, bind, serve. The one way to a listener in this assembly.</summary>
internal sealed class SurfaceLauncher(
    PortBinder binder, StateDatabase state, Settings settings, INodeIdentity identity, CertificateFiles certificates, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ConnectionBudget _connections = new(ProcessLimits.OpenFiles());
    private readonly List<int> _atRisk = [];
    private readonly HashSet<string> _services = new(StringComparer.Ordinal);
    private readonly ILogger _logger = loggers.CreateLogger("Entrepot.Hosting");

    /// <summary>Where ports come from.</summary>
    public PortBinder Binder => binder;

    /// <summary>The services launched so far, as the port book names them.</summary>
    public IReadOnlySet<string> Services => _services;

    /// <summary>Leases a port, binds it and starts to serve.</summary>
    /// <param name="plan">What the surface needs.</param>
    /// <param name="services">Adds what the endpoints need from the container, or null.</param>
    /// <param name="map">Adds the endpoints.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Core.Faults.FaultException">No port is left, or the address is not this host's.</exception>
    public async Task<RunningSurface> LaunchAsync(
        SurfacePlan plan, Action<IServiceCollection>? services, Action<WebApplication> map, CancellationToken cancellation)
    {
        _services.Add(plan.Request.Service);
        return await LaunchScratchAsync(plan, services, map, cancellation);
    }

    /// <summary>As <see cref="LaunchAsync"/>, for a surface that is none of the node's own and soon gone.</summary>
    public async Task<RunningSurface> LaunchScratchAsync(
        SurfacePlan plan, Action<IServiceCollection>? services, Action<WebApplication> map, CancellationToken cancellation)
    {
        var first = await OpenAsync(plan, plan.Request, services, map, cancellation);
        return new RunningSurface(first, (request, stop) => OpenAsync(plan, request, services, map, stop), time);
    }

    /// <summary>Says once, for all surfaces together, which ports an outgoing connection may take while the node is down.</summary>
    public void WarnOfRisk()
    {
        if (_atRisk.Count == 0)
            return;
        var range = EphemeralRange.Read();
        var ours = PortSet.Of(_atRisk.Append(settings.EmergencyPort)).Union(PortSet.Range(settings.Edges.Pool.First, settings.Edges.Pool.Last));
        Log.PortsAtRisk(_logger, PortSet.Of(_atRisk).ToString(), range.First, range.Last, range.Cure(ours) ?? "");
    }

    private async Task<SurfaceListener> OpenAsync(
        SurfacePlan plan, PortRequest request, Action<IServiceCollection>? services, Action<WebApplication> map, CancellationToken cancellation)
    {
        var tlsSettings = plan.Tls.Over(settings.Tls);
        tlsSettings = tlsSettings with { ClientCertificates = tlsSettings.ClientCertificates ?? plan.ClientCertificates };
        var tls = new SurfaceTls(
            identity.Trust, identity.CertificateOf(NodeName.Parse(plan.Node), plan.Role), certificates.Open(tlsSettings), tlsSettings, time, loggers.CreateLogger($"Entrepot.Tls.{plan.Name}"));
        var port = await binder.BindAsync(request, settings.Bind, cancellation);
        foreach (var finding in port.Findings)
            Say(plan, finding, port.Lease.Port);
        try
        {
            var host = await SurfaceHost.StartAsync(
                plan.Name, port.Socket, settings.Limits, _connections.Share(settings.Limits.Connections), time, loggers, tls, services,
                (app, logger) =>
                {
                    app.UseForwardedClient(settings.TrustedProxies);
                    app.UseTransportRules(tls);
                    if (!plan.Allow.Contains(SurfaceSettings.Anyone[0]) || !plan.Allow.Contains(SurfaceSettings.Anyone[1]))
                    {
                        app.UseWhen(static context => !IsOfNodes(context), people =>
                        {
                            people.UseAllowList(plan.Allow, plan.Name, logger);
                            people.UseOwnHost(plan.Name, settings.PublicHost);
                        });
                    }

                    if (plan.Rate is { } rate)
                    {
                        var limiter = app.UseSourceRate(rate, plan.Name);
                        app.Lifetime.ApplicationStopped.Register(() => limiter.DisposeAsync().AsTask());
                    }

                    app.UseRouting();
                    AccessGate.Use(app, plan.Access, state, time, logger);
                    map(app);
                    app.RequirePermissions(plan.Name);
                },
                cancellation);
            var document = Describe(plan, port, tlsSettings.IsRequired ? Uri.UriSchemeHttps : Uri.UriSchemeHttp);
            Log.SurfaceStarted(_logger, plan.Name, plan.Node, document.Url, document.Reason);
            return new SurfaceListener(document, host, port);
        }
        catch
        {
            await port.DisposeAsync();
            throw;
        }
    }

    /// <summary>A node is known by its certificate, wherever it is, and a machine that wants to join by its token. No browser comes so.</summary>
    private static bool IsOfNodes(HttpContext context) => NodeConnection.Of(context) switch
    {
        null => false,
        { Identity: not null } => true,
        _ => EnrolmentEndpoints.IsForNewcomers(context),
    };

    private SurfaceDocument Describe(SurfacePlan plan, BoundPort port, string scheme)
    {
        var everywhere = settings.Bind.Equals(IPAddress.Any) || settings.Bind.Equals(IPAddress.IPv6Any);
        var near = everywhere ? (settings.Bind.Equals(IPAddress.Any) ? IPAddress.Loopback : IPAddress.IPv6Loopback) : settings.Bind;
        var host = settings.PublicHost ?? (everywhere ? Dns.GetHostName() : settings.Bind.ToString());
        return new SurfaceDocument(
            plan.Name, plan.Node, Address(host), port.Lease.Port, plan.Zone.ToString().ToLowerInvariant(), port.Lease.Reason)
        {
            LocalUrl = Address(near.ToString()),
        };

        string Address(string name) => IPAddress.TryParse(name, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? $"{scheme}://[{address}]:{port.Lease.Port}"
            : $"{scheme}://{name}:{port.Lease.Port}";
    }

    private void Say(SurfacePlan plan, PortFinding finding, int port)
    {
        if (finding.Kind == PortFindingKind.AtRisk)
            _atRisk.Add(finding.Port);
        else if (finding.Kind == PortFindingKind.Moved)
            Log.SurfaceMoved(_logger, plan.Name, plan.Node, port, finding.Message);
        else
            Log.SurfaceWarning(_logger, plan.Name, plan.Node, $"{finding.Message} {finding.Cure}");
    }
}
