using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>Says what a rule model wants done with a packet that comes in for this host. This is the meaning of declarations; targets and
/// proof are measured against it.</summary>
public static class IntentEvaluator
{
    /// <summary>Types of ICMPv6 that neighbour discovery needs (RFC 4890 §4.4.1): 133–136, and redirects.</summary>
    internal const int FirstNeighbourDiscovery = 133;

    /// <summary>The last of them.</summary>
    internal const int LastNeighbourDiscovery = 137;

    /// <summary>What the model wants done with a packet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="packet">A packet for this host.</param>
    /// <param name="now">The time, in UTC: what has ended lets nobody in.</param>
    /// <param name="openingMarks">Marks of connections that an opening let in; they are judged anew with every packet. 0 where the target
    /// has no openings.</param>
    public static IntentVerdict Evaluate(RuleModel model, Packet packet, DateTimeOffset now, uint openingMarks = 0)
    {
        if (packet.IsLoopback)
            return new IntentVerdict(Intent.Accept, "loopback");
        var marked = (packet.ConnectionMark & openingMarks) != 0;
        if (packet.State == ConnectionState.Related || (packet.State == ConnectionState.Established && !marked))
            return new IntentVerdict(Intent.Accept, "established sessions");
        if (packet.IcmpType is { } type)
            return packet.State == ConnectionState.Established
                ? new IntentVerdict(Intent.Either, "no opening lets in what has no port")
                : !packet.IsIpv6 || type is < FirstNeighbourDiscovery or > LastNeighbourDiscovery
                ? new IntentVerdict(Intent.Leave, "no port")
                : new IntentVerdict(packet.State is ConnectionState.New or ConnectionState.Untracked ? Intent.Accept : Intent.Either, "neighbour discovery");
        var usual = packet.State == ConnectionState.Established
            || (packet.State == ConnectionState.New && (packet.Protocol != PortProtocol.Tcp || packet.TcpFlags == 2));
        if (packet.Protocol == PortProtocol.Tcp && packet.DestinationPort == model.Floor.ManagementPort && Covers(model.Floor.ManagementNetworks, packet))
            return new IntentVerdict(usual ? Intent.Accept : Intent.Either, "management");
        var doors = model.Doors.Where(door => door.Protocol == packet.Protocol && door.First <= packet.DestinationPort && packet.DestinationPort <= door.Last).ToList();
        if (doors.Find(static door => door.Blocked) is { } blocked)
            return new IntentVerdict(Intent.Drop, $"the door of '{blocked.Service}' is blocked");
        var limited = doors.Exists(IsLimited);
        if (model.Openings.FirstOrDefault(opening => opening.Ends > now && Admits(opening, packet)) is { } open)
            return new IntentVerdict(
                !usual || (limited && packet.State == ConnectionState.New) ? Intent.Either : Intent.Accept,
                string.Create(CultureInfo.InvariantCulture, $"opening {open.Id}"));
        foreach (var door in doors.Where(door => !(door.Expires <= now)))
        {
            if (door.Ways.FirstOrDefault(way => Admits(way, packet)) is { } way)
                return new IntentVerdict(
                    !usual ? Intent.Either : limited && packet.State == ConnectionState.New ? Intent.Limit : Intent.Accept,
                    $"'{door.Service}' lets in {way.Origin}");
        }

        if (packet.State == ConnectionState.Established)
            return new IntentVerdict(Intent.Drop, "the opening of this session has ended");
        if (doors.Count > 0)
            return new IntentVerdict(Intent.Drop, $"'{doors[0].Service}' does not let it in");
        return model.Undeclared == UndeclaredPorts.Drop
            ? new IntentVerdict(Intent.Drop, "no service declares this port")
            : new IntentVerdict(Intent.Leave, "no service declares this port");
    }

    /// <summary>True when a door counts.</summary>
    internal static bool IsLimited(Door door) => door.Rate is not null || door.Connections is not null || door.ConnectionsPerSource is not null;

    private static bool Admits(Opening opening, Packet packet)
        => opening.Protocol == packet.Protocol && opening.Port == packet.DestinationPort
            && (opening.From is not { } from || from.Contains(packet.Source))
            && (opening.Mac is not { } mac || packet.SourceMac == mac)
            && (opening.From is not null || opening.Mac is not null);

    private static bool Admits(AccessGrant way, Packet packet)
        => (way.Networks.IsEmpty || Covers(way.Networks, packet))
            && (way.Macs.IsEmpty || (packet.SourceMac is { } mac && way.Macs.Contains(mac)))
            && !(way.Networks.IsEmpty && way.Macs.IsEmpty);

    /// <summary>An empty list means everywhere.</summary>
    private static bool Covers(System.Collections.Immutable.ImmutableArray<System.Net.IPNetwork> networks, Packet packet)
        => networks.IsEmpty || networks.Any(network => network.Contains(packet.Source));
}
