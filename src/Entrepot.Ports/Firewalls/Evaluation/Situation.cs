using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>A packet on its way: what rules have changed so far.</summary>
/// <param name="Packet">As it came in.</param>
/// <param name="Host">Where.</param>
internal sealed record Situation(Packet Packet, HostView Host)
{
    /// <summary>Null when not known.</summary>
    public uint? PacketMark { get; init; } = 0;

    /// <summary>Null when not known.</summary>
    public uint? ConnectionMark { get; init; } = Packet.ConnectionMark;

    /// <summary>Null when not known.</summary>
    public IPAddress? Destination { get; init; } = Packet.Destination;

    /// <summary>Null when not known.</summary>
    public int? DestinationPort { get; init; } = Packet.DestinationPort;

    /// <summary>True when the destination was changed.</summary>
    public bool Translated { get; init; }

    /// <summary>True when the changed destination is the host itself.</summary>
    public bool ToSelf { get; init; }

    public ConnectionState State { get; init; } = Packet.State;

    /// <summary>False before connection tracking has seen it.</summary>
    public bool Tracked { get; init; }

    /// <summary>True when there is a connection that it belongs to.</summary>
    public bool HasConnection => Tracked && State is not (ConnectionState.Invalid or ConnectionState.Untracked);

    public string? OutInterface { get; init; }

    /// <summary>True when it is for this host, null when that is not known.</summary>
    public bool? IsLocal => ToSelf ? true
        : Destination is null ? null
        : Host.IsLocal(Destination) ?? (Translated ? null : true);

    private byte Protocol => Packet.IcmpType is not null ? Packet.IsIpv6 ? FieldValues.Icmp6 : FieldValues.Icmp : Number(Packet.Protocol);

    /// <summary>Number of a transport.</summary>
    public static byte Number(PortProtocol protocol) => protocol switch
    {
        PortProtocol.Udp => FieldValues.Udp,
        PortProtocol.Sctp => FieldValues.Sctp,
        _ => FieldValues.Tcp,
    };

    /// <summary>Reads a field as a rule does.</summary>
    public Reading Read(FieldRead read)
    {
        if ((read.OnlyProtocol is { } protocol && protocol != Protocol) || (read.OnlyFamily is { } family && family != Family))
            return Reading.Absent;
        var whole = Read(read.Field);
        return whole is { Kind: ReadingKind.Known, Name: null } ? Reading.Of((whole.Value & read.Mask) ^ read.Flip) : whole;
    }

    private byte Family => Packet.IsIpv6 ? FieldValues.Ipv6 : FieldValues.Ipv4;

    private Reading Read(PacketField field) => field switch
    {
        PacketField.Family => Reading.Of(Family),
        PacketField.Protocol => Reading.Of(Protocol),
        PacketField.DestinationPort or PacketField.SourcePort when !FieldValues.HasPorts(Protocol) => Reading.Unknown, // other bytes of the packet
        PacketField.DestinationPort => DestinationPort is { } port ? Reading.Of((UInt128)port) : Reading.Unknown,
        PacketField.SourcePort => Reading.Of((UInt128)Packet.SourcePort),
        PacketField.Source4 => Packet.IsIpv6 ? Reading.Absent : Reading.Of(FieldNames.Bits(Packet.Source)),
        PacketField.Source6 => Packet.IsIpv6 ? Reading.Of(FieldNames.Bits(Packet.Source)) : Reading.Absent,
        PacketField.Destination4 => Packet.IsIpv6 ? Reading.Absent : Reading.Of(Destination),
        PacketField.Destination6 => Packet.IsIpv6 ? Reading.Of(Destination) : Reading.Absent,
        PacketField.SourceMac => Packet.SourceMac is { } mac && !Packet.IsLoopback ? Reading.Of((UInt128)mac.Value) : Reading.Absent,
        PacketField.State => Reading.Of((UInt128)FieldValues.StateBit(Tracked || State == ConnectionState.Untracked ? State : ConnectionState.Invalid)),
        PacketField.Status => !Tracked ? Reading.Absent : State == ConnectionState.New ? Reading.Of(Translated ? (UInt128)FieldValues.DestinationTranslated : 0) : Reading.Unknown,
        PacketField.ConnectionMark => HasConnection ? Reading.OfMark(ConnectionMark) : Reading.Absent,
        PacketField.PacketMark => Reading.OfMark(PacketMark),
        PacketField.Interface => Reading.Of(Packet.Interface),
        PacketField.OutInterface => OutInterface is { } name ? Reading.Of(name) : Reading.Unknown,
        PacketField.IcmpType => Protocol == FieldValues.Icmp ? Reading.Of((UInt128)Packet.IcmpType!) : Reading.Absent,
        PacketField.Icmp6Type => Protocol == FieldValues.Icmp6 ? Reading.Of((UInt128)Packet.IcmpType!) : Reading.Absent,
        PacketField.TcpFlags => Protocol == FieldValues.Tcp ? Reading.Of(Packet.TcpFlags) : Reading.Absent,
        PacketField.PacketType => Reading.Of(0),
        PacketField.DestinationType => IsLocal is { } local ? Reading.Of(local ? (UInt128)FieldValues.LocalDestination : FieldValues.UnicastDestination) : Reading.Unknown,
        _ => Reading.Unknown,
    };
}

/// <summary>What reading a field gives.</summary>
internal enum ReadingKind
{
    /// <summary>The packet has no such field.</summary>
    Absent,

    /// <summary>A number or a name.</summary>
    Known,

    /// <summary>Any value.</summary>
    Unknown,
}

/// <summary>What reading a field gives.</summary>
internal readonly record struct Reading(ReadingKind Kind, UInt128 Value = default, string? Name = null)
{
    public static Reading Absent => default;

    public static Reading Unknown => new(ReadingKind.Unknown);

    public static Reading Of(UInt128 value) => new(ReadingKind.Known, value);

    public static Reading Of(string name) => new(ReadingKind.Known, 0, name);

    public static Reading OfMark(uint? value) => value is { } known ? Of(known) : Unknown;

    public static Reading Of(IPAddress? address) => address is null ? Unknown : Of(FieldNames.Bits(address));
}
