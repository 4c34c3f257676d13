using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>What a rule model wants done with all packets: <see cref="IntentEvaluator"/> for all of them at once. Packets in no set may be
/// done with as the ruleset likes.</summary>
/// <param name="Accept">Must get through.</param>
/// <param name="Limit">Must get through until a limit is reached.</param>
/// <param name="Drop">Must not get through.</param>
/// <param name="Leave">Not ours to decide.</param>
internal sealed record IntentSets(int Accept, int Limit, int Drop, int Leave)
{
    public static IntentSets Of(RuleModel model, PacketSpace space, DateTimeOffset now, uint openingMarks)
    {
        var d = space.Diagram;
        var marked = d.Not(space.Bits(PacketSpace.Layout.ConnectionMark, 32, ValueRange.Of(0), openingMarks, 0));
        var established = space.State(ConnectionState.Established);
        var isNew = space.State(ConnectionState.New);
        var discovery = d.And(
            d.And(space.Family(six: true), space.Protocols(FieldValues.Icmp6)),
            space.Bits(PacketSpace.Layout.IcmpType, 8, new ValueRange(IntentEvaluator.FirstNeighbourDiscovery, IntentEvaluator.LastNeighbourDiscovery), UInt128.MaxValue, 0));
        var sessions = d.Or(space.Loopback, d.Or(space.State(ConnectionState.Related), d.Minus(established, marked)));
        var rest = d.Minus(space.Universe, sessions);

        // Packets with ports, in the order in which the evaluator decides about them.
        var ported = d.And(rest, space.Protocols(FieldValues.Tcp, FieldValues.Udp, FieldValues.Sctp));
        var usual = d.Or(established, d.Minus(isNew, d.Minus(space.Protocols(FieldValues.Tcp), space.Bits(PacketSpace.Layout.TcpFlags, 8, ValueRange.Of(2), UInt128.MaxValue, 0))));
        var (doors, blocked, limited) = Ports(model, space);
        var management = d.And(ported, d.And(space.Ports(PortProtocol.Tcp, model.Floor.ManagementPort, model.Floor.ManagementPort), Networks(model.Floor.ManagementNetworks, space)));
        var shut = d.Minus(d.And(ported, blocked), management);
        var judged = d.Minus(d.Minus(ported, management), shut);
        var opened = d.And(judged, Openings(model, space, now));
        var granted = d.Minus(d.And(judged, Grants(model, space, now)), opened);
        var limitedNew = d.And(limited, isNew);
        var outside = d.Minus(d.Minus(judged, opened), granted);
        var undeclared = d.Minus(d.Minus(outside, doors), established);

        var accept = d.Union(
        [
            d.And(space.Universe, sessions),
            d.And(rest, d.And(discovery, d.Or(isNew, space.State(ConnectionState.Untracked)))),
            d.And(management, usual),
            d.And(d.Minus(d.Or(opened, granted), limitedNew), usual),
        ]);
        var drop = d.Or(shut, model.Undeclared == UndeclaredPorts.Drop ? outside : d.Minus(outside, undeclared));
        var leave = d.Minus(d.Minus(rest, established), d.Or(ported, discovery));
        return new IntentSets(
            accept, d.And(d.And(granted, limitedNew), usual), drop,
            model.Undeclared == UndeclaredPorts.Drop ? leave : d.Or(leave, undeclared));
    }

    /// <summary>Whom a way lets in.</summary>
    public static int Sources(AccessGrant way, PacketSpace space)
    {
        if (way.Networks.IsEmpty && way.Macs.IsEmpty)
            return DecisionDiagram.Empty;
        var macs = way.Macs.IsEmpty ? DecisionDiagram.Everything : Union(way.Macs.Select(space.Mac), space);
        return space.Diagram.And(Networks(way.Networks, space), macs);
    }

    private static (int Doors, int Blocked, int Limited) Ports(RuleModel model, PacketSpace space)
    {
        int Of(Func<Door, bool> wanted) => Union(model.Doors.Where(wanted).Select(door => space.Ports(door.Protocol, door.First, door.Last)), space);
        return (Of(static _ => true), Of(static door => door.Blocked), Of(IntentEvaluator.IsLimited));
    }

    private static int Grants(RuleModel model, PacketSpace space, DateTimeOffset now)
        => Union(
            from door in model.Doors
            where !(door.Expires <= now)
            let sources = Union(door.Ways.Select(way => Sources(way, space)), space)
            select space.Diagram.And(space.Ports(door.Protocol, door.First, door.Last), sources),
            space);

    private static int Openings(RuleModel model, PacketSpace space, DateTimeOffset now)
        => Union(
            from opening in model.Openings
            where opening.Ends > now && (opening.From is not null || opening.Mac is not null)
            let sources = opening.From is { } network ? space.Source(network) : DecisionDiagram.Everything
            let mac = opening.Mac is { } address ? space.Mac(address) : DecisionDiagram.Everything
            select space.Diagram.And(space.Ports(opening.Protocol, opening.Port, opening.Port), space.Diagram.And(sources, mac)),
            space);

    private static int Networks(ImmutableArray<IPNetwork> networks, PacketSpace space)
        => networks.IsEmpty ? DecisionDiagram.Everything : Union(networks.Select(space.Source), space);

    private static int Union(IEnumerable<int> sets, PacketSpace space) => space.Diagram.Union(CollectionsMarshal.AsSpan(sets.ToList()));
}
