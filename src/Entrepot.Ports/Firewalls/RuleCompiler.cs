using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls;

/// <summary>Makes a node's rules from the declaration and the leases. Pure: the same input gives the same rules, in the same order.</summary>
public static class RuleCompiler
{
    /// <summary>Compiles the services that a node has.</summary>
    /// <param name="portfile">The declaration.</param>
    /// <param name="node">The node.</param>
    /// <param name="site">Where the node is.</param>
    /// <param name="leases">The granted ports; those of other nodes are passed over.</param>
    /// <param name="openings">Timed ways in that are to stay, with the time they have left. Those that ended are dropped.</param>
    /// <param name="now">The time, in UTC.</param>
    /// <returns>The rules, or every reason why there are none.</returns>
    public static CompiledRules Compile(
        Portfile portfile, NodeName node, string site, IEnumerable<LeasedPort> leases, IEnumerable<Opening> openings, DateTimeOffset now)
    {
        var granted = leases.Where(lease => lease.Node == node).ToLookup(static lease => (lease.Service, lease.Protocol), static lease => lease.Port);
        var doors = new List<Door>();
        var faults = ImmutableArray.CreateBuilder<Fault>();
        var remarks = ImmutableArray.CreateBuilder<string>();
        foreach (var service in portfile.Services.Where(service => service.Placement.Covers(node, site)))
        {
            var ended = service.Expires is { } end && end <= now;
            if (ended)
                remarks.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The declaration of '{service.Name}' ended on {service.Expires!.Value.UtcDateTime:yyyy-MM-dd HH:mm}Z: its door stays closed."));
            var ways = ended ? [] : Normalise(service, faults);
            foreach (var first in PortsOf(service, node, granted, ended, faults))
                AddDoor(service, first, ways, doors, faults);
        }

        doors.Sort(static (a, b) => (a.Protocol, a.First, a.Service).CompareTo((b.Protocol, b.First, b.Service)));
        FindOverlaps(doors, node, faults);
        if (faults.Count > 0)
            return new CompiledRules(null, faults.ToImmutable(), remarks.ToImmutable());
        var policy = portfile.Policy;
        var model = new RuleModel
        {
            Undeclared = policy.Undeclared,
            Floor = new SafetyFloor(policy.ManagementPort, Reduce(policy.ManagementNetworks)),
            Doors = [.. doors],
            Openings = [.. openings.Where(opening => opening.Ends > now).OrderBy(static opening => opening.Id)],
        };
        return new CompiledRules(model, [], remarks.ToImmutable());
    }

    private static List<int> PortsOf(
        ServiceDeclaration service, NodeName node, ILookup<(string, PortProtocol), int> granted, bool ended, ImmutableArray<Fault>.Builder faults)
    {
        if (service.Port is { } port)
            return [port];
        // A rotating service holds two leases while both ports are served.
        var ports = granted[(service.Name, service.Protocol)].Order().ToList();
        if (ports.Count == 0 && !ended)
            faults.Add(Fault.Of(
                FirewallFault.ServiceUnleased, FaultKind.Conflict,
                $"'{service.Name}' takes its {service.Protocol.Name()} port from pool '{service.Pool}' and has no lease on node '{node}' yet.",
                "Start the service so that it gets its lease, then compile again; or give it a fixed port."));
        return ports;
    }

    private static void AddDoor(
        ServiceDeclaration service, int first, ImmutableArray<AccessGrant> ways, List<Door> doors, ImmutableArray<Fault>.Builder faults)
    {
        var last = first + service.Ports - 1;
        if (last > PortSet.MaxPort)
        {
            faults.Add(Fault.Of(
                FirewallFault.BlockTooLong, FaultKind.Invalid,
                string.Create(CultureInfo.InvariantCulture, $"'{service.Name}' wants {service.Ports} ports from {first} on, beyond {PortSet.MaxPort}."),
                "Begin lower, or take fewer ports."));
            return;
        }

        doors.Add(new Door(service.Name, service.Protocol, first, last, ways)
        {
            Rate = service.Rate,
            ConnectionsPerSource = service.ConnectionsPerSource,
            Connections = service.Connections,
            Expires = service.Expires,
        });
    }

    private static ImmutableArray<AccessGrant> Normalise(ServiceDeclaration service, ImmutableArray<Fault>.Builder faults)
    {
        var ways = ImmutableArray.CreateBuilder<AccessGrant>();
        foreach (var grant in service.Allow)
        {
            if (grant.Networks.IsEmpty && grant.Macs.IsEmpty)
                faults.Add(Fault.Of(
                    FirewallFault.GrantEmpty, FaultKind.Invalid, $"'{grant.Origin}', which '{service.Name}' lets in, has no address.",
                    "Give it networks or Ethernet addresses; 0.0.0.0/0 and ::/0 mean everybody."));
            else
                ways.Add(new AccessGrant(Reduce(grant.Networks), [.. grant.Macs.Distinct().OrderBy(static mac => mac.Value)], grant.Origin));
        }

        // What says the same twice, under whatever name, is said once.
        return [.. ways.DistinctBy(static way => (string.Join(',', way.Networks), string.Join(',', way.Macs)))];
    }

    private static ImmutableArray<IPNetwork> Reduce(ImmutableArray<IPNetwork> networks)
        => [.. AddressRange.Join(networks).SelectMany(static range => range.Networks())];

    private static void FindOverlaps(List<Door> doors, NodeName node, ImmutableArray<Fault>.Builder faults)
    {
        // In order of their first ports, so that only the one that reaches highest can overlap the next.
        Door? highest = null;
        foreach (var door in doors)
        {
            if (highest is not null && highest.Protocol == door.Protocol && door.First <= highest.Last)
                faults.Add(Fault.Of(
                    FirewallFault.DoorOverlap, FaultKind.Conflict,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"'{highest.Service}' and '{door.Service}' both have {door.Protocol.Name()}/{door.First} on node '{node}'."),
                    "Give one of them another port, or another node."));
            if (highest is null || highest.Protocol != door.Protocol || door.Last > highest.Last)
                highest = door;
        }
    }
}
