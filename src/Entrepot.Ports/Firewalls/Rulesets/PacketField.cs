namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>What rules look at.</summary>
public enum PacketField
{
    /// <summary>2 for IPv4, 10 for IPv6 (<c>meta nfproto</c>).</summary>
    Family,

    /// <summary>Number of the transport protocol.</summary>
    Protocol,

    /// <summary>Destination port.</summary>
    DestinationPort,

    /// <summary>Source port.</summary>
    SourcePort,

    /// <summary>Source address, IPv4.</summary>
    Source4,

    /// <summary>Source address, IPv6.</summary>
    Source6,

    /// <summary>Destination address, IPv4.</summary>
    Destination4,

    /// <summary>Destination address, IPv6.</summary>
    Destination6,

    /// <summary>The sender's Ethernet address.</summary>
    SourceMac,

    /// <summary>What connection tracking says, as a bit (see <see cref="FieldValues"/>).</summary>
    State,

    /// <summary>How connection tracking translated, as bits (IPS_DST_NAT …).</summary>
    Status,

    /// <summary>Name of the interface that it comes in by.</summary>
    Interface,

    /// <summary>Name of the interface that it leaves by.</summary>
    OutInterface,

    /// <summary>The packet's mark.</summary>
    PacketMark,

    /// <summary>The connection's mark.</summary>
    ConnectionMark,

    /// <summary>ICMP type.</summary>
    IcmpType,

    /// <summary>ICMPv6 type.</summary>
    Icmp6Type,

    /// <summary>Flags of TCP.</summary>
    TcpFlags,

    /// <summary>0 to this host, 1 broadcast, 2 multicast (<c>meta pkttype</c>).</summary>
    PacketType,

    /// <summary>What the routing table says of the destination: 2 local (<c>fib daddr type</c>).</summary>
    DestinationType,

    /// <summary>Something that is not modelled: any value.</summary>
    Other,
}

/// <summary>How a field is read: <c>(value &amp; Mask) ^ Flip</c>.</summary>
/// <param name="Field">The field.</param>
/// <param name="Mask">Which bits count.</param>
/// <param name="Flip">Which bits are turned over.</param>
public sealed record FieldRead(PacketField Field, UInt128 Mask, UInt128 Flip)
{
    /// <summary>The whole field.</summary>
    public FieldRead(PacketField field)
        : this(field, UInt128.MaxValue, 0)
    {
    }

    /// <summary>The protocol without which the field does not exist, or null.</summary>
    public byte? OnlyProtocol { get; init; }

    /// <summary>The family without which the field does not exist (2 or 10), or null.</summary>
    public byte? OnlyFamily { get; init; }

    /// <summary>What an unmodelled field was called.</summary>
    public string? Text { get; init; }
}

/// <summary>Numbers that stand for values of fields.</summary>
public static class FieldValues
{
    /// <summary>NFPROTO_IPV4.</summary>
    public const byte Ipv4 = 2;

    /// <summary>NFPROTO_IPV6.</summary>
    public const byte Ipv6 = 10;

    /// <summary>IPPROTO_ICMP.</summary>
    public const byte Icmp = 1;

    /// <summary>IPPROTO_ICMPV6.</summary>
    public const byte Icmp6 = 58;

    /// <summary>IPPROTO_TCP.</summary>
    public const byte Tcp = 6;

    /// <summary>IPPROTO_UDP.</summary>
    public const byte Udp = 17;

    /// <summary>IPPROTO_SCTP.</summary>
    public const byte Sctp = 132;

    /// <summary>IPS_DST_NAT: the destination was translated.</summary>
    public const int DestinationTranslated = 0x20;

    /// <summary>RTN_LOCAL.</summary>
    public const int LocalDestination = 2;

    /// <summary>RTN_UNICAST.</summary>
    public const int UnicastDestination = 1;

    /// <summary>The protocols whose headers begin with the two ports: tcp, udp, dccp, sctp, udplite.</summary>
    public static bool HasPorts(int protocol) => protocol is Tcp or Udp or 33 or Sctp or 136;

    /// <summary>The bit of a state, as nft counts them.</summary>
    public static int StateBit(ConnectionState state) => state switch
    {
        ConnectionState.Invalid => 1,
        ConnectionState.Established => 2,
        ConnectionState.Related => 4,
        ConnectionState.New => 8,
        _ => 64,
    };
}
