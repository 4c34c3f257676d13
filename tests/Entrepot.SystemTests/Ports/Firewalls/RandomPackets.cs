using System.Net;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Packets near the edges of what <see cref="RandomRulesets"/> asks.</summary>
internal static class RandomPackets
{
    public static readonly int[] Ports = [21, 22, 23, 79, 80, 81, 89, 90, 91, 1023, 1024, 8080];

    private const int FirstSourcePort = 20000;

    /// <summary>Packets from one host to another, each with a source port of its own.</summary>
    public static Gen<Packet[]> To(VirtualHost target, VirtualHost sender, int count)
        => Gen.Select(
                Gen.Bool, Gen.Bool, Gen.OneOf(2, 3, 4, 7, 8, 200), Gen.OneOf(Ports), Gen.Int[0, 9], Gen.Bool,
                (six, udp, source, port, kind, otherMac) => (six, udp, source, port, kind, otherMac))
            .Array[count].Select(drawn => drawn.Select((packet, index) =>
            {
                var state = packet.kind switch { 0 => ConnectionState.Invalid, 1 => ConnectionState.Established, _ => ConnectionState.New };
                var udp = state == ConnectionState.Established || (packet.udp && state != ConnectionState.Invalid);
                var six = packet.six;
                var source = state == ConnectionState.Established
                    ? six ? sender.Address6 : sender.Address
                    : IPAddress.Parse(six ? $"fd77::{packet.source:x}" : $"10.77.0.{packet.source}");
                return new Packet(udp ? PortProtocol.Udp : PortProtocol.Tcp, source, six ? target.Address6 : target.Address, FirstSourcePort + index, packet.port)
                {
                    SourceMac = packet.otherMac && state != ConnectionState.Established ? new MacAddress(0x02_77_00_00_00_99) : sender.Mac,
                    State = state,
                    TcpFlags = state == ConnectionState.Invalid ? (byte)4 : (byte)2, // RST to nobody
                };
            }).ToArray());
}
