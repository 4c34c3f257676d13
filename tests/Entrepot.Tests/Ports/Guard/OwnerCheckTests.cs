using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Guard;

public sealed class OwnerCheckTests
{
    private const int Port = 8333;

    private static readonly SocketOwner Nginx = new(12, "nginx") { Path = "/usr/sbin/nginx", Unit = "nginx.service", UserId = 33, User = "www-data" };
    private static readonly SocketOwner Netcat = new(99, "nc") { Path = "/usr/bin/nc", UserId = 33, User = "www-data" };

    private static GuardedPort Guarded(ExpectedProcess? process = null, int? id = null, PortProtocol protocol = PortProtocol.Tcp)
        => new("web", protocol, Port, new ExpectedOwner { Process = process, ProcessId = id }, StrangerReaction.Alert);

    private static ListeningSocket Socket(SocketOwner? owner, long inode = 1, PortProtocol protocol = PortProtocol.Tcp, int? user = 33)
        => new(protocol, IPAddress.Any, Port, true, null, inode, user, owner);

    [Theory]
    [InlineData("www-data", "/usr/sbin/nginx", "nginx.service", true)]
    [InlineData("33", null, null, true)]
    [InlineData(null, "/usr/sbin/nginx", null, true)]
    [InlineData("root", "/usr/sbin/nginx", null, false)]
    [InlineData("0", null, null, false)]
    [InlineData(null, "/opt/nginx", null, false)]
    [InlineData(null, null, "other.service", false)]
    public void Everything_that_is_expected_must_be_true(string? user, string? executable, string? unit, bool isOwner)
    {
        var report = OwnerCheck.Judge(Guarded(new ExpectedProcess(user, executable, unit)), [Socket(Nginx)]);

        report.OwnerListens.ShouldBe(isOwner);
        report.Strangers.Count.ShouldBe(isOwner ? 0 : 1);
    }

    [Fact]
    public void A_stranger_who_shares_the_port_under_the_same_user_is_found_beside_the_owner()
    {
        var report = OwnerCheck.Judge(Guarded(new ExpectedProcess("www-data", "/usr/sbin/nginx", null)), [Socket(Nginx), Socket(Netcat, inode: 2)]);

        report.OwnerListens.ShouldBeTrue();
        report.Strangers.ShouldHaveSingleItem().Reason.ShouldBe(
            "tcp/8333 of 'web' is held by nc (pid 99) of user www-data, /usr/bin/nc; expected is user www-data, /usr/sbin/nginx.");
    }

    [Fact]
    public void A_program_that_is_not_the_expected_one_is_named_with_its_path()
        => OwnerCheck.Judge(Guarded(new ExpectedProcess(null, "/usr/bin/nginx", null)), [Socket(Nginx)]).Strangers.ShouldHaveSingleItem().Reason
            .ShouldContain("user www-data, /usr/sbin/nginx, nginx.service; expected is /usr/bin/nginx.");

    [Fact]
    public void Workers_that_share_their_masters_socket_are_no_strangers()
    {
        var worker = Nginx with { ProcessId = 13 };
        var report = OwnerCheck.Judge(
            Guarded(new ExpectedProcess("root", "/usr/sbin/nginx", null)), [Socket(worker) with { Sharers = [Nginx with { UserId = 0, User = "root" }] }]);

        report.ShouldSatisfyAllConditions(() => report.OwnerListens.ShouldBeTrue(), () => report.Strangers.ShouldBeEmpty());
    }

    [Fact]
    public void A_socket_whose_process_can_not_be_seen_is_judged_by_its_user_if_at_all()
    {
        OwnerCheck.Judge(Guarded(new ExpectedProcess("33", null, null)), [Socket(null)]).Unclear.Count.ShouldBe(1);
        OwnerCheck.Judge(Guarded(new ExpectedProcess("0", null, null)), [Socket(null)]).Strangers.ShouldHaveSingleItem().Reason.ShouldContain("user 33");
        OwnerCheck.Judge(Guarded(id: 12), [Socket(null)]).Unclear.Count.ShouldBe(1);
    }

    [Fact]
    public void Where_nobody_is_expected_anybody_may_listen()
        => OwnerCheck.Judge(Guarded(), [Socket(Netcat)]).ShouldSatisfyAllConditions(
            static report => report.OwnerListens.ShouldBeTrue(), static report => report.Strangers.ShouldBeEmpty());

    [Fact]
    public void Other_ports_other_transports_connections_and_other_namespaces_do_not_count()
    {
        var report = OwnerCheck.Judge(
            Guarded(id: 12, protocol: PortProtocol.Udp),
            [
                Socket(Netcat),
                Socket(Netcat, protocol: PortProtocol.Udp) with { Port = Port + 1 },
                Socket(Netcat, protocol: PortProtocol.Udp) with { Peer = new IPEndPoint(IPAddress.Loopback, 53) },
                Socket(Netcat, protocol: PortProtocol.Udp) with { Namespace = new NetworkNamespace(4026532177, null) },
            ]);

        report.Free.ShouldBeTrue();
    }
}
