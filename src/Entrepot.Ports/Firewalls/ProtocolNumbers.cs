using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Firewalls;

/// <summary>Protocol numbers of IP headers (IANA "Assigned Internet Protocol Numbers").</summary>
internal static class ProtocolNumbers
{
    public static int Number(this PortProtocol protocol) => protocol switch
    {
        PortProtocol.Udp => 17,
        PortProtocol.Sctp => 132,
        _ => 6,
    };
}
