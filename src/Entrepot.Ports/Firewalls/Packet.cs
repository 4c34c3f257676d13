using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls;

/// <summary>A packet that comes in from the network, as far as packet filters look at it.</summary>
/// <param name="Protocol">The transport.</param>
/// <param name="Source">Where it comes from; its family is the packet's.</param>
/// <param name="Destination">Where it goes: an address of the node, unless it is to be forwarded.</param>
/// <param name="SourcePort">1–65535.</param>
/// <param name="DestinationPort">1–65535.</param>
public sealed record Packet(PortProtocol Protocol, IPAddress Source, IPAddress Destination, int SourcePort, int DestinationPort)
{
    /// <summary>The sender's Ethernet address, or null where the link has none.</summary>
    public MacAddress? SourceMac { get; init; }

    /// <summary>What connection tracking says of it.</summary>
    public ConnectionState State { get; init; } = ConnectionState.New;

    /// <summary>The mark of its connection (nft(8), <c>ct mark</c>).</summary>
    public uint ConnectionMark { get; init; }

    /// <summary>The interface by which it comes in.</summary>
    public string Interface { get; init; } = "eth0";

    /// <summary>The flags of a TCP segment (RFC 9293 §3.1). The first segment of a connection has SYN alone: 2.</summary>
    public byte TcpFlags { get; init; } = 2;

    /// <summary>The type of an ICMP or ICMPv6 message, which has no ports; null for all else.</summary>
    public byte? IcmpType { get; init; }

    /// <summary>True when it comes by the loopback interface.</summary>
    public bool IsLoopback => Interface == "lo";

    /// <summary>True for IPv6.</summary>
    public bool IsIpv6 => Source.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
}

/// <summary>What connection tracking says of a packet (nft(8), <c>ct state</c>).</summary>
public enum ConnectionState
{
    /// <summary>The first of a connection.</summary>
    New,

    /// <summary>Of a connection that has seen packets both ways.</summary>
    Established,

    /// <summary>Begins a connection that an existing one announced.</summary>
    Related,

    /// <summary>Fits no connection.</summary>
    Invalid,

    /// <summary>Not tracked.</summary>
    Untracked,
}
