using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Tests.Ports.Allocation;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class ListeningSocketsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-proc-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_real_listener_is_seen_with_its_owner()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Owners are known on Linux only.");
        using var stranger = TestPorts.Stranger();
        var inventory = new ListeningSockets();

        var seen = inventory.Sockets(PortProtocol.Tcp).Single(socket => socket.Listening && socket.Port == stranger.Port());
        seen.Address.ShouldBe(IPAddress.Loopback);
        seen.Owner.ShouldBeNull();
        var owned = inventory.WithOwners([seen]).Single();
        owned.Owner!.ProcessId.ShouldBe(Environment.ProcessId);
        owned.Describe().ShouldBe($"is bound by {Path.GetFileName(Environment.ProcessPath)} (pid {Environment.ProcessId})");
    }

    [Fact]
    public void A_survey_names_the_owners_of_everything_that_listens()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Owners are known on Linux only.");
        using var stranger = TestPorts.Stranger();
        using var udp = TestPorts.UdpStranger();
        var seen = new ListeningSockets().Survey();
        foreach (var (protocol, port) in new[] { (PortProtocol.Tcp, stranger.Port()), (PortProtocol.Udp, udp.Port()) })
        {
            var owner = seen.Single(socket => socket.Protocol == protocol && socket.Port == port && socket.Namespace is null).Owner.ShouldNotBeNull();
            owner.ProcessId.ShouldBe(Environment.ProcessId);
            owner.Path.ShouldBe(Environment.ProcessPath);
            owner.UserId.ShouldNotBeNull();
        }
    }

    [Fact]
    public void A_dual_mode_socket_says_so_and_meets_ipv4()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Net.Sockets.Socket.OSSupportsIPv6, "Needs Linux with IPv6.");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        socket.Listen();
        var seen = new ListeningSockets().Listeners(PortProtocol.Tcp).Single(other => other.Port == socket.Port());
        Assert.SkipUnless(seen.V6Only is not null, "This kernel refuses sock_diag.");
        seen.V6Only.ShouldBe(false);
        seen.Meets(IPAddress.Loopback).ShouldBeTrue();
    }

    [Fact]
    public void A_real_udp_socket_is_seen()
    {
        using var stranger = TestPorts.UdpStranger();
        new ListeningSockets().Sockets(PortProtocol.Udp).ShouldContain(socket => socket.Listening && socket.Port == stranger.Port());
    }

    [Fact]
    public void Without_a_proc_file_system_listeners_are_seen_without_owners()
    {
        using var stranger = TestPorts.Stranger();
        using var udp = TestPorts.UdpStranger();
        var inventory = new ListeningSockets(Path.Combine(_folder, "absent"));

        var seen = inventory.Sockets(PortProtocol.Tcp).Where(socket => socket.Port == stranger.Port()).ToList();
        seen.Single().Listening.ShouldBeTrue();
        inventory.WithOwners(seen).Single().Holder.ShouldBe("another process");
        inventory.Sockets(PortProtocol.Udp).ShouldContain(socket => socket.Port == udp.Port());
    }

    [Fact]
    public void The_executable_is_named_even_when_its_file_was_replaced_or_cannot_be_seen()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The sample is Linux's.");
        Process(12, "/usr/sbin/nginx (deleted)", "nginx", 100);
        Process(13, exe: null, "kworker\n", 101);

        var sockets = new[] { 100, 101, 102, 0 }.Select(inode => new ListeningSocket(PortProtocol.Tcp, IPAddress.Any, 80, true, Inode: inode));
        SocketOwners.Name(new ProcessFacts(_folder), _folder, [.. sockets], all: false).Select(socket => socket.Owner?.ToString())
            .ShouldBe(["nginx (pid 12)", "kworker (pid 13)", null, null]);
    }

    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "0.0.0.0", true)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "::ffff:127.0.0.1", true)]
    [InlineData("127.0.0.1", "10.0.0.1", false)]
    [InlineData("127.0.0.1", "::", true)]  // we bind dual mode
    [InlineData("::", "127.0.0.1", false)]  // theirs may be IPv6 only: the bind decides
    [InlineData("::", "::1", true)]
    [InlineData("::1", "0.0.0.0", false)]
    [InlineData("::1", "::1", true)]
    public void Sockets_meet_when_their_addresses_do(string theirs, string ours, bool meet)
        => new ListeningSocket(PortProtocol.Tcp, IPAddress.Parse(theirs), 80, true).Meets(IPAddress.Parse(ours)).ShouldBe(meet);

    [Fact]
    public void Whoever_cannot_be_looked_into_is_described_by_what_is_known()
    {
        var socket = new ListeningSocket(PortProtocol.Tcp, IPAddress.Any, 80, true, Inode: 5, UserId: 33);
        socket.Describe().ShouldBe("is bound by a process of user 33 that this user may not look into");
        (socket with { Owner = new SocketOwner(9, "curl"), Peer = new IPEndPoint(IPAddress.Loopback, 443) }).Describe()
            .ShouldBe("is used by curl (pid 9) for a connection to 127.0.0.1:443");
    }

    private void Process(int id, string? exe, string comm, long inode)
    {
        var process = Directory.CreateDirectory(Path.Combine(_folder, $"{id}")).FullName;
        Directory.CreateDirectory(Path.Combine(process, "fd"));
        File.CreateSymbolicLink(Path.Combine(process, "fd", "0"), "/dev/null");
        File.CreateSymbolicLink(Path.Combine(process, "fd", "7"), $"socket:[{inode}]");
        File.WriteAllText(Path.Combine(process, "comm"), comm);
        if (exe is not null)
            File.CreateSymbolicLink(Path.Combine(process, "exe"), exe);
    }
}
