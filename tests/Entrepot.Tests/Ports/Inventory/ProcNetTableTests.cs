using System.Net;
using System.Text;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class ProcNetTableTests
{
    private const string Tcp =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n" +
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 23456 1 000000007b0be407 100 0 0 10 0                        \n" +
        "   1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 16 1 000000007b0be407 100 0 0 10 0                          \n" +
        "   2: 0100007F:D431 0100007F:1F90 01 00000000:00000000 02:000A7214 00000000    33        0 34567 2 0000000000000000 20 4 24 10 -1                      \n" +
        "   3: 0100007F:1F90 0100007F:D433 06 00000000:00000000 03:000016C5 00000000     0        0 0 3 0000000000000000                                        \n" +
        "   4: 0100007F:1F90 0100007F:D435 03 00000000:00000000 01:00000064 00000000     0        0 0 1 0000000000000000                                        \n" +
        "   5: 0100007F:1F91 0100007F:D437 04 00000001:00000000 01:00000014 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1                          \n";

    private const string Tcp6 =
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
        "   0: 00000000000000000000000000000000:208D 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000000000000 100 0 0 10 0\n" +
        "   1: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 778 1 0000000000000000 100 0 0 10 0\n" +
        "   2: 0000000000000000FFFF00000100007F:208D 0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 779 1 0000000000000000 20 0 0 10 -1\n";

    private const string Udp =
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            \n" +
        "  123: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 999 2 0000000000000000 0        \n";

    [Fact]
    public void Listeners_and_connections_are_told_apart_and_half_sockets_left_out()
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The sample is a little-endian kernel's.");
        ProcNetTable.Parse(Tcp, PortProtocol.Tcp).ShouldBe(
        [
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Loopback, 8080, true, null, 23456, 1000),
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Any, 2024, true, null, 16, 0),
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Loopback, 54321, false, new IPEndPoint(IPAddress.Loopback, 8080), 34567, 33),
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Loopback, 8081, false, new IPEndPoint(IPAddress.Loopback, 54327), 0, null),
        ]);
    }

    [Fact]
    public void Addresses_of_ipv6_are_read_and_mapped_ones_turned_back()
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The sample is a little-endian kernel's.");
        var sockets = ProcNetTable.Parse(Tcp6, PortProtocol.Tcp);
        sockets.Select(socket => (socket.Address, socket.Port, socket.Listening)).ShouldBe(
            [(IPAddress.IPv6Any, 8333, true), (IPAddress.IPv6Loopback, 3000, true), (IPAddress.Loopback, 8333, false)]);
        sockets[2].Peer.ShouldBe(new IPEndPoint(IPAddress.Loopback, 40000));
    }

    [Fact]
    public void Every_udp_socket_has_its_port()
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The sample is a little-endian kernel's.");
        ProcNetTable.Parse(Udp, PortProtocol.Udp).Single()
            .ShouldBe(new ListeningSocket(PortProtocol.Udp, IPAddress.Parse("127.0.0.53"), 53, true, null, 999, 101));
    }

    [Theory]
    [InlineData(Tcp)]
    [InlineData(Tcp6)]
    [InlineData(Udp)]
    public void A_table_cut_off_anywhere_gives_the_first_of_its_sockets_and_nothing_else(string table)
    {
        var whole = ProcNetTable.Parse(table, PortProtocol.Tcp);
        for (var length = 0; length <= table.Length; length++)
        {
            var part = ProcNetTable.Parse(table.AsSpan(0, length), PortProtocol.Tcp);
            part.ShouldBe(whole.Take(part.Count));
        }
    }

    [Fact]
    public void Damaged_tables_never_throw_and_never_give_what_is_no_port()
        => Gen.Select(Gen.OneOf(Tcp, Tcp6, Udp), Gen.Int[0, 600], Gen.Char[(char)0, (char)127]).Sample((table, at, character) =>
        {
            var damaged = table.ToCharArray();
            damaged[at % damaged.Length] = character;
            foreach (var socket in ProcNetTable.Parse(damaged, PortProtocol.Tcp))
                socket.Port.ShouldBeInRange(1, 65535);
        });

    [Theory]
    [InlineData("socket:[12345]", 12345)]
    [InlineData("socket:[0]", 0)]
    public void Descriptors_that_are_sockets_give_their_inode(string target, long inode)
    {
        SocketOwners.TryInode(Encoding.ASCII.GetBytes(target), out var read).ShouldBeTrue();
        read.ShouldBe(inode);
    }

    [Fact]
    public void Descriptors_cut_off_anywhere_give_none()
    {
        const string Whole = "socket:[12345]";
        for (var length = 0; length < Whole.Length; length++)
            SocketOwners.TryInode(Encoding.ASCII.GetBytes(Whole[..length]), out _).ShouldBeFalse(Whole[..length]);
        SocketOwners.TryInode([], out _).ShouldBeFalse();
        SocketOwners.TryInode("pipe:[12345]"u8, out _).ShouldBeFalse();
        SocketOwners.TryInode("socket:[-5]"u8, out _).ShouldBeFalse();
    }
}
