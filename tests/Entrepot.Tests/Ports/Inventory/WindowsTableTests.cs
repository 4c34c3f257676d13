using System.Net;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

/// <summary>Samples laid out after the documentation of MIB_TCPROW_OWNER_PID and its siblings.</summary>
public sealed class WindowsTableTests
{
    private static readonly byte[] Tcp4 =
    [
        3, 0, 0, 0,
        2, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xBB, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0,  // 0.0.0.0:443 LISTEN
        5, 0, 0, 0, 127, 0, 0, 1, 0x1F, 0x90, 0xAB, 0xCD, 127, 0, 0, 1, 0xD4, 0x31, 0, 0, 0x10, 0x27, 0, 0,  // established, noise in the upper half
        11, 0, 0, 0, 127, 0, 0, 1, 0x1F, 0x90, 0, 0, 127, 0, 0, 1, 0xD4, 0x31, 0, 0, 0, 0, 0, 0,  // TIME_WAIT
    ];

    private static readonly byte[] Tcp6 =
    [
        1, 0, 0, 0,
        0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0x00, 0x50, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0,
    ];

    private static readonly byte[] Udp4 = [1, 0, 0, 0, 10, 0, 0, 5, 0x00, 0x35, 0, 0, 0x78, 5, 0, 0];

    private static readonly byte[] Udp6 = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xE9, 0, 0, 33, 0, 0, 0];

    [Fact]
    public void Rows_of_each_table_are_read()
    {
        WindowsTable.Parse(Tcp4, PortProtocol.Tcp, v6: false).ShouldBe(
        [
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Any, 443, true, Owner: new SocketOwner(4, "a process")),
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Loopback, 8080, false, new IPEndPoint(IPAddress.Loopback, 54321), Owner: new SocketOwner(10000, "a process")),
        ]);
        WindowsTable.Parse(Tcp6, PortProtocol.Tcp, v6: true).ShouldBe(
            [new ListeningSocket(PortProtocol.Tcp, IPAddress.Parse("fe80::1%7"), 80, true, Owner: new SocketOwner(9, "a process")) { InterfaceIndex = 7 }]);
        WindowsTable.Parse(Udp4, PortProtocol.Udp, v6: false).ShouldBe(
            [new ListeningSocket(PortProtocol.Udp, IPAddress.Parse("10.0.0.5"), 53, true, Owner: new SocketOwner(1400, "a process"))]);
        WindowsTable.Parse(Udp6, PortProtocol.Udp, v6: true).ShouldBe(
            [new ListeningSocket(PortProtocol.Udp, IPAddress.IPv6Any, 5353, true, Owner: new SocketOwner(33, "a process"))]);
    }

    [Fact]
    public void A_table_cut_off_anywhere_gives_the_first_of_its_rows()
    {
        foreach (var (table, protocol, v6) in new[] { (Tcp4, PortProtocol.Tcp, false), (Tcp6, PortProtocol.Tcp, true), (Udp4, PortProtocol.Udp, false), (Udp6, PortProtocol.Udp, true) })
        {
            var whole = WindowsTable.Parse(table, protocol, v6);
            for (var length = 0; length < table.Length; length++)
            {
                var part = WindowsTable.Parse(table.AsSpan(0, length), protocol, v6);
                part.ShouldBe(whole.Take(part.Count));
            }
        }
    }

    [Fact]
    public void Noise_never_throws_and_never_gives_what_is_no_port()
        => Gen.Select(Gen.Byte.Array[0, 200], Gen.Bool, Gen.Bool).Sample((noise, udp, v6) =>
        {
            foreach (var socket in WindowsTable.Parse(noise, udp ? PortProtocol.Udp : PortProtocol.Tcp, v6))
                socket.Port.ShouldBeInRange(1, 65535);
        });
}
