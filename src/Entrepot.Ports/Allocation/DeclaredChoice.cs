using Entrepot.Core.Identities;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation;

/// <summary>What a portfile asks of the allocator, and what it alone lets it know. Pure.</summary>
public static class DeclaredChoice
{
    /// <summary>The request of a declared service on a node.</summary>
    /// <param name="portfile">The declaration.</param>
    /// <param name="service">One of its services.</param>
    /// <param name="node">The node.</param>
    public static PortRequest Request(Portfile portfile, ServiceDeclaration service, NodeName node) => new()
    {
        Node = node,
        Service = service.Name,
        Protocol = service.Protocol,
        WantedPort = service.Port,
        Pool = portfile.Pools.FirstOrDefault(pool => pool.Pool.Name == service.Pool)?.Pool,
        Ports = service.Ports,
        Mode = service.Mode,
        Audience = service.Audience,
        // Who names the process has looked at who may bind the port, as the portfile's own checks have it.
        AllowPrivileged = service.Process is not null || service.Accept.Contains(AcceptedRisk.Privileged),
        AllowForbidden = service.Accept.Contains(AcceptedRisk.Forbidden),
        AllowBrowserBlocked = service.Accept.Contains(AcceptedRisk.BrowserBlocked),
        AllowNodePort = service.Accept.Contains(AcceptedRisk.NodePort),
        Ephemeral = service.Accept.Contains(AcceptedRisk.Ephemeral) ? EphemeralUse.Tell : null,
    };

    /// <summary>The standing rules of a node that a portfile declares.</summary>
    public static PortPolicy Policy(Portfile portfile, NodeName node, string site)
    {
        var pools = portfile.Pools.Where(pool => pool.Placement.Covers(node, site)).ToList();
        return new PortPolicy
        {
            Pools = [.. PortPolicy.Default.Pools, .. pools.Select(static pool => pool.Pool)],
            SpareShares = pools.ToDictionary(static pool => pool.Pool.Name, static pool => pool.SpareShare),
            Profile = portfile.Policy.Profile,
            DynamicPorts = portfile.Policy.DynamicPorts,
            NodePorts = portfile.Policy.KubernetesNodePorts,
        };
    }

    /// <summary>What is known before anything runs: the rules, and the ports that other services of the portfile name.</summary>
    public static PortSituation Situation(Portfile portfile, PortRequest request, string site)
    {
        var named = new Dictionary<int, string>();
        foreach (var other in portfile.Services)
        {
            if (other.Port is not { } first || other.Protocol != request.Protocol || other.Name == request.Service || !other.Placement.Covers(request.Node, site))
                continue;
            for (var port = first; port < first + other.Ports; port++)
                named.TryAdd(port, $"is declared for '{other.Name}'");
        }

        var situation = SituationAssembler.Assemble(
            request.Protocol, request, new NumberSpace([], [], []), Policy(portfile, request.Node, site), PortObservation.None, DateTimeOffset.UnixEpoch);
        return situation.With(new PortConstraint(PortRule.Leased, PortEffect.Veto, PortSet.Of(named.Keys), "is declared for another service") { Details = named }) with
        {
            Drawn = request.Mode == AllocationMode.Random ? 0 : null,
            Evidence = situation.Evidence! with { Occupied = PortSet.Of(named.Keys) },
        };
    }
}
