using System.Net.Sockets;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Packets that may be in a set and packets that are in it for sure.</summary>
internal readonly record struct Bounds(int May, int Must)
{
    public static Bounds Exactly(int set) => new(set, set);

    public static Bounds Unknown => new(DecisionDiagram.Everything, DecisionDiagram.Empty);
}

/// <summary>Which packets have a field, and which have it in a range: the counterpart of <see cref="Situation.Read(FieldRead)"/>.</summary>
internal sealed class FieldSets(PacketSpace space, HostView host)
{
    private readonly DecisionDiagram _diagram = space.Diagram;

    /// <summary>Packets that have the field at all.</summary>
    public int Has(FieldRead read, Change change)
    {
        var set = read.Field switch
        {
            PacketField.Source4 or PacketField.Destination4 => space.Family(six: false),
            PacketField.Source6 or PacketField.Destination6 => space.Family(six: true),
            PacketField.SourceMac => _diagram.Not(space.Loopback),
            PacketField.Status => change.Tracked ? DecisionDiagram.Everything : DecisionDiagram.Empty,
            PacketField.ConnectionMark => !change.Tracked || change.Untracked
                ? DecisionDiagram.Empty
                : space.AnyState(static state => state is not (ConnectionState.Invalid or ConnectionState.Untracked)),
            PacketField.IcmpType => _diagram.And(space.Family(six: false), space.Protocols(FieldValues.Icmp)),
            PacketField.Icmp6Type => _diagram.And(space.Family(six: true), space.Protocols(FieldValues.Icmp6)),
            PacketField.TcpFlags => space.Protocols(FieldValues.Tcp),
            _ => DecisionDiagram.Everything,
        };
        if (read.OnlyProtocol is { } protocol)
            set = _diagram.And(set, space.Protocols(protocol));
        return read.OnlyFamily is { } family ? _diagram.And(set, space.Family(family == FieldValues.Ipv6)) : set;
    }

    /// <summary>Packets whose field is in a range, among those that have it.</summary>
    /// <param name="read">The field.</param>
    /// <param name="range">The range.</param>
    /// <param name="change">What rules have changed.</param>
    /// <param name="hasPorts">True when only packets with ports are asked for.</param>
    public Bounds In(FieldRead read, ValueRange range, Change change, bool hasPorts)
    {
        switch (read.Field)
        {
            case PacketField.Family:
                return Bounds.Exactly(_diagram.Or(
                    Constant(read, range, FieldValues.Ipv4) ? space.Family(six: false) : DecisionDiagram.Empty,
                    Constant(read, range, FieldValues.Ipv6) ? space.Family(six: true) : DecisionDiagram.Empty));
            case PacketField.Protocol:
                return Bits(PacketSpace.Layout.Protocol, 8, read, range);
            case PacketField.DestinationPort when change.HasNewPort:
                return change.Port is { } port ? WithPorts(Of(Constant(read, range, (UInt128)port)), hasPorts) : Bounds.Unknown;
            case PacketField.DestinationPort:
                return WithPorts(Bits(PacketSpace.Layout.DestinationPort, 16, read, range), hasPorts);
            case PacketField.SourcePort:
                return WithPorts(Bits(PacketSpace.Layout.SourcePort, 16, read, range), hasPorts);
            case PacketField.Source4 or PacketField.Source6:
                return Bits(PacketSpace.Layout.Source, FieldNames.Width(read.Field), read, range);
            case PacketField.Destination4 or PacketField.Destination6 when change.HasNewDestination:
                return change.Destination is { } goal
                    ? Of((goal.AddressFamily == AddressFamily.InterNetworkV6) == (read.Field == PacketField.Destination6) && Constant(read, range, FieldNames.Bits(goal)))
                    : Bounds.Unknown;
            case PacketField.Destination4 or PacketField.Destination6:
                return Bits(PacketSpace.Layout.Destination, FieldNames.Width(read.Field), read, range);
            case PacketField.SourceMac:
                return Bits(PacketSpace.Layout.Mac, 48, read, range);
            case PacketField.State:
                return Bounds.Exactly(space.AnyState(state => Constant(read, range, (UInt128)FieldValues.StateBit(Seen(state, change)))));
            case PacketField.Status:
                var isNew = space.State(ConnectionState.New);
                var known = Constant(read, range, change.Translated ? (UInt128)FieldValues.DestinationTranslated : 0) && !change.Untracked ? isNew : DecisionDiagram.Empty;
                return new Bounds(_diagram.Or(known, change.Untracked ? DecisionDiagram.Everything : _diagram.Not(isNew)), known);
            case PacketField.Interface:
                return Bounds.Exactly(space.Interface(range.Holds));
            case PacketField.OutInterface:
                return change.OutInterface is { } name ? Of(range.Holds(name)) : range == ValueRange.All ? Of(true) : Bounds.Unknown;
            case PacketField.PacketMark:
                return change.PacketMark is { } mark ? Of(Constant(read, range, mark)) : Bounds.Unknown;
            case PacketField.ConnectionMark:
                return change.MarkKeep is { } keep
                    ? Bits(PacketSpace.Layout.ConnectionMark, 32, read with { Mask = keep & read.Mask, Flip = (change.MarkFlip & read.Mask) ^ read.Flip }, range)
                    : Bounds.Unknown;
            case PacketField.IcmpType or PacketField.Icmp6Type:
                return Bits(PacketSpace.Layout.IcmpType, 8, read, range);
            case PacketField.TcpFlags:
                return Bits(PacketSpace.Layout.TcpFlags, 8, read, range);
            case PacketField.PacketType:
                return Of(Constant(read, range, 0));
            case PacketField.DestinationType:
                return change.IsLocal(host) is { } local ? Of(Constant(read, range, local ? (UInt128)FieldValues.LocalDestination : FieldValues.UnicastDestination)) : Bounds.Unknown;
            default:
                return range == ValueRange.All ? Of(true) : Bounds.Unknown;
        }
    }

    private static Bounds Of(bool holds) => Bounds.Exactly(holds ? DecisionDiagram.Everything : DecisionDiagram.Empty);

    private static bool Constant(FieldRead read, ValueRange range, UInt128 value) => range.Holds((value & read.Mask) ^ read.Flip);

    private static ConnectionState Seen(ConnectionState state, Change change)
        => change.Untracked || state == ConnectionState.Untracked ? ConnectionState.Untracked : change.Tracked ? state : ConnectionState.Invalid;

    private Bounds Bits(int first, int width, FieldRead read, ValueRange range)
        => Bounds.Exactly(space.Bits(first, width, range, read.Mask, read.Flip));

    /// <summary>What a rule takes for ports in a packet that has none is not known.</summary>
    private Bounds WithPorts(Bounds bounds, bool isSure)
        => isSure ? bounds : new(_diagram.Or(bounds.May, space.HasNoPorts), _diagram.And(bounds.Must, space.HasPorts));
}
