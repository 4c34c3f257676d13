using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Reachability;

/// <summary>What is sent to a UDP port. Most services answer only their own protocol, so well-known ports get a harmless question of it;
/// every other gets an empty datagram, to which at least a closed port answers (ICMP port unreachable, RFC 1122 §4.1.3.1).</summary>
public static class ProbePayload
{
    // RFC 1035 §4.1: id, recursion desired off, one question: the name servers of the root.
    private static readonly byte[] Dns = [0x45, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

    // RFC 5905 §7.3: version 4, client, all else unknown.
    private static readonly byte[] Ntp = [0x23, .. new byte[47]];

    // RFC 8489 §5: binding request, no attributes, magic cookie, transaction.
    private static readonly byte[] Stun = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, .. "entrepot-prb"u8];

    /// <summary>The datagram for a port.</summary>
    public static ReadOnlyMemory<byte> For(int port) => port switch
    {
        53 => Dns,
        123 => Ntp,
        3478 => Stun,
        _ => ReadOnlyMemory<byte>.Empty,
    };

    /// <summary>True when a service of this port must answer what is sent, so that an answer can be hoped for.</summary>
    public static bool Answers(PortProtocol protocol, int port) => protocol == PortProtocol.Tcp || !For(port).IsEmpty;
}
