using System.Net;
using System.Net.Sockets;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class InetDiagnosisTests
{
    private static readonly byte[] Answer =
    [
        .. DiagnosisSample.Socket(10, new IPEndPoint(IPAddress.Loopback, 8333), null, 1000, 4242, group: 71),
        .. DiagnosisSample.Socket(10, new IPEndPoint(IPAddress.IPv6Any, 443), null, 0, 17, v6Only: false),
        .. DiagnosisSample.Socket(10, new IPEndPoint(IPAddress.Parse("fe80::1"), 546), null, 0, 18, @interface: 2, v6Only: true),
        .. DiagnosisSample.Socket(1, new IPEndPoint(IPAddress.Parse("::ffff:10.0.0.1"), 8333), new IPEndPoint(IPAddress.Parse("::ffff:10.0.0.7"), 40000), 33, 19),
        .. DiagnosisSample.Done(),
    ];

    [Fact]
    public void Every_field_of_a_socket_is_read()
    {
        var sockets = new List<ListeningSocket>();
        InetDiagnosis.Read(Answer, PortProtocol.Tcp, DiagnosisSample.Sequence, sockets, out var last).ShouldBe(DumpState.Good);

        last.ShouldBeTrue();
        sockets.ShouldBe(
        [
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Loopback, 8333, true, null, 4242, 1000) { ControlGroup = 71 },
            new ListeningSocket(PortProtocol.Tcp, IPAddress.IPv6Any, 443, true, null, 17, 0) { V6Only = false },
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Parse("fe80::1%2"), 546, true, null, 18, 0) { V6Only = true, InterfaceIndex = 2 },
            new ListeningSocket(PortProtocol.Tcp, IPAddress.Parse("10.0.0.1"), 8333, false, new IPEndPoint(IPAddress.Parse("10.0.0.7"), 40000), 19, 33),
        ]);
    }

    [Fact]
    public void A_datagram_cut_off_anywhere_gives_the_first_of_its_sockets_and_is_not_the_last()
    {
        var whole = Read(Answer, out _, out _);
        for (var length = 0; length < Answer.Length; length++)
        {
            var part = Read(Answer.AsSpan(0, length), out _, out var last);
            part.ShouldBe(whole.Take(part.Count));
            last.ShouldBeFalse();
        }
    }

    [Fact]
    public void Damaged_datagrams_never_throw_and_never_give_what_is_no_port()
        => Gen.Select(Gen.Int[0, Answer.Length - 1], Gen.Byte, Gen.Int[0, Answer.Length - 1], Gen.Byte).Sample((at, value, other, second) =>
        {
            var damaged = (byte[])Answer.Clone();
            (damaged[at], damaged[other]) = (value, second);
            foreach (var socket in Read(damaged, out _, out _))
                socket.Port.ShouldBeInRange(1, 65535);
        });

    [Fact]
    public void Noise_never_throws()
        => Gen.Byte.Array[0, 400].Sample(noise => { Read(noise, out _, out _); });

    [Fact]
    public void A_refusal_of_the_kernel_is_a_failure()
    {
        Read(DiagnosisSample.Error(-2), out var refused, out _);
        refused.ShouldBe(DumpState.Failed);
        Read(DiagnosisSample.Done(-13), out var ended, out _);
        ended.ShouldBe(DumpState.Failed);
    }

    [Fact]
    public void Tables_that_changed_under_the_dump_are_told()
    {
        var socket = DiagnosisSample.Socket(10, new IPEndPoint(IPAddress.Any, 80), null, 0, 1, flags: 2 | 0x10);
        Read([.. socket, .. DiagnosisSample.Done()], out var state, out var last).Count.ShouldBe(1);
        (state, last).ShouldBe((DumpState.Interrupted, true));
    }

    [Fact]
    public void An_answer_to_another_request_is_refused()
    {
        var sockets = new List<ListeningSocket>();
        InetDiagnosis.Read(Answer, PortProtocol.Tcp, DiagnosisSample.Sequence + 1, sockets, out _).ShouldBe(DumpState.Failed);
        sockets.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(PortProtocol.Tcp, true, 6, 1 << 10)]
    [InlineData(PortProtocol.Tcp, false, 6, 0xFFF & ~(1 << 3 | 1 << 6))]
    [InlineData(PortProtocol.Udp, true, 17, 0xFFF)]
    public void The_request_names_protocol_and_states(PortProtocol protocol, bool listeners, byte number, int states)
    {
        Span<byte> request = stackalloc byte[InetDiagnosis.RequestSize];
        InetDiagnosis.WriteRequest(request, protocol, AddressFamily.InterNetworkV6, listeners, 9);

        BitConverter.ToInt32(request).ShouldBe(72);
        BitConverter.ToUInt16(request[4..]).ShouldBe((ushort)20);
        BitConverter.ToUInt16(request[6..]).ShouldBe((ushort)0x301);
        BitConverter.ToInt32(request[8..]).ShouldBe(9);
        (request[16], request[17]).ShouldBe(((byte)10, number));
        BitConverter.ToInt32(request[20..]).ShouldBe(states);
    }

    [Theory]
    [InlineData(PortProtocol.Tcp)]
    [InlineData(PortProtocol.Udp)]
    public void The_kernel_and_its_proc_files_tell_the_same(PortProtocol protocol)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Netlink is Linux's.");
        using var stranger = protocol == PortProtocol.Tcp ? Allocation.TestPorts.Stranger() : Allocation.TestPorts.UdpStranger();
        var port = Allocation.TestPorts.Port(stranger);

        var told = KernelSockets.TryRead(protocol, listeners: true);
        Assert.SkipUnless(told is not null, "This kernel refuses sock_diag.");
        var shown = ProcNetTable.Read("/proc/net", protocol).Single(socket => socket.Port == port && socket.Listening);
        var socket = told.Single(socket => socket.Port == port);
        (socket with { ControlGroup = 0, V6Only = null }).ShouldBe(shown);
    }

    private static List<ListeningSocket> Read(ReadOnlySpan<byte> datagram, out DumpState state, out bool last)
    {
        var sockets = new List<ListeningSocket>();
        state = InetDiagnosis.Read(datagram, PortProtocol.Tcp, DiagnosisSample.Sequence, sockets, out last);
        return sockets;
    }
}
