using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Discovery;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Drills;
using Entrepot.Server.Hosting;

namespace Entrepot.Server.Discovery;

/// <summary>Which services run where: the built-in registry. What it says of this node comes from its surfaces and its leases, those of other
/// programs' declared services included; what it says of other nodes from their heart-beats.</summary>
internal sealed class ServiceDirectory(NetworkDirectory network, PortBook book, Settings settings, Func<IReadOnlyList<NodeDocument>> others)
{
    private const string Healthy = "healthy";

    /// <summary>Tag of a service that another program runs: its lease is known here, not whether it is well.</summary>
    private const string Governed = "governed";

    /// <summary>What this node has, for other registries.</summary>
    public IReadOnlyList<ServiceInstance> Own()
    {
        var leases = book.Leases().Where(lease => lease.Node == settings.Node).ToDictionary(static lease => (lease.Protocol, lease.Port));
        var surfaces = network.Own.Select(static surface => (PortProtocol.Tcp, surface.Port)).ToHashSet();
        var host = network.Own is [var first, ..] ? new Uri(first.Url).IdnHost : Dns.GetHostName();
        // A block is known by its first port, and a service that changes its port by the one that clients are told.
        var governed = leases.Values.Where(lease => !surfaces.Contains((lease.Protocol, lease.Port)) && lease.Slot == 0
                && lease.State != PortLeaseState.Idle && lease.Service != HijackDrill.Service && PortSuccession.ServiceOf(lease.Service) == lease.Service)
            .Select(lease => new ServiceInstance(
                settings.Node, lease.Service, settings.Node, settings.Site, host, lease.Port, lease.Protocol.Name(), lease.Generation, [Governed]));
        return [.. governed, .. network.Own.Select(surface =>
        {
            var url = new Uri(surface.Url);
            return new ServiceInstance(
                settings.Node, surface.Surface, NodeName.Parse(surface.Node), settings.Site, url.IdnHost, surface.Port, PortProtocol.Tcp.Name(),
                leases.GetValueOrDefault((PortProtocol.Tcp, surface.Port))?.Generation ?? 0, [surface.Zone, url.Scheme]);
        })];
    }

    /// <summary>Every instance that takes clients, by service and node.</summary>
    public IReadOnlyList<ServiceDocument> All()
    {
        var urls = network.Own.ToDictionary(static surface => (surface.Surface, surface.Node), static surface => surface.Url);
        var own = Own().Select(instance => new ServiceDocument(
            instance.Service, instance.Node.Value, instance.Site, instance.Address, instance.Port, instance.Protocol,
            urls.GetValueOrDefault((instance.Service, instance.Node.Value), ""), instance.Generation == 0 ? null : instance.Generation, [.. instance.Tags]));
        var here = network.Own.Select(static surface => surface.Node).ToHashSet(StringComparer.Ordinal);
        var remote = others().Where(node => node.State == Healthy && !here.Contains(node.Last.Node)).Select(static node =>
        {
            var url = new Uri(node.Last.Url);
            return new ServiceDocument(node.Last.Role ?? HeartbeatRequest.EdgeRole, node.Last.Node, node.Last.Site, url.IdnHost, url.Port, PortProtocol.Tcp.Name(), node.Last.Url, null, [url.Scheme]);
        });
        return [.. own.Concat(remote).OrderBy(static service => service.Service, StringComparer.Ordinal).ThenBy(static service => service.Node, StringComparer.Ordinal)];
    }
}
