using System.Net;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Reachability;
using Entrepot.Ports.Truth;

namespace Entrepot.Tests.Ports.Truth;

public sealed class TruthTableTests
{
    private static readonly SocketOwner Nginx = new(12, "nginx") { Path = "/usr/sbin/nginx", UserId = 33, User = "www-data", Unit = "nginx.service" };
    private static readonly DeclaredPort Web = new("web", PortProtocol.Tcp, 443, null, "portfile") { Owner = new ExpectedOwner { Process = new ExpectedProcess(null, "/usr/sbin/nginx", null) } };

    [Fact]
    public void Four_truths_that_agree_make_one_row_in_order()
    {
        var row = Join(new TruthSources
        {
            Declared = [Web],
            Sockets = [Listener(443), Listener(443, IPAddress.IPv6Any)],
            Permitted = (protocol, port) => new PermittedPort(protocol, port, Permitted.AsDeclared, "10.0.0.0/8"),
            Reach = [Report(443, "edge-1", Reach.Open), Report(443, "edge-2", Reach.Filtered)],
        }).ShouldHaveSingleItem();

        row.Verdict.ShouldBe(TruthVerdict.InOrder);
        row.Summary.ShouldBe("'web' listens, the packet filter lets in who is declared, and it answers from edge-1.");
        row.Listeners.Count.ShouldBe(2);
        row.Listeners[0].ShouldBe(new StatusListener("0.0.0.0", "nginx (pid 12)", 12, "/usr/sbin/nginx", "nginx.service", "www-data", null, 1));
    }

    [Fact]
    public void What_this_machine_found_about_itself_is_no_proof_from_outside()
    {
        var row = Join(new TruthSources { Declared = [Web], Sockets = [Listener(443)], Reach = [Report(443, "edge-1", Reach.Open) with { SameMachine = true }] }).Single();
        (row.Reachable, row.Verdict).ShouldBe((Reachable.Unknown, TruthVerdict.Plausible));
        row.Summary.ShouldBe("'web' listens and answers from this machine; nobody tried from outside; the packet filter is not known.");
    }

    [Fact]
    public void A_stranger_is_named()
    {
        var row = Join(new TruthSources { Declared = [Web], Sockets = [Listener(443) with { Owner = new SocketOwner(9, "ncat") { Path = "/usr/bin/ncat", UserId = 1000 } }] }).Single();
        row.Verdict.ShouldBe(TruthVerdict.Stranger);
        row.Summary.ShouldBe("tcp/443 of 'web' is held by ncat (pid 9) of /usr/bin/ncat; expected is /usr/sbin/nginx.");
    }

    [Fact]
    public void Another_address_with_the_same_number_is_another_door()
    {
        var lease = Web with { Address = IPAddress.Parse("10.0.0.5") };
        var rows = Join(new TruthSources { Declared = [lease], Sockets = [Listener(443, IPAddress.Parse("10.0.0.5")), Listener(443, IPAddress.Parse("10.0.0.6"))] });
        rows.Select(row => (row.Service, row.Verdict)).ShouldBe([("web", TruthVerdict.Plausible), (null, TruthVerdict.Undeclared)], ignoreOrder: true);
    }

    [Fact]
    public void A_listener_of_a_container_is_neither_the_hosts_nor_exposed_by_what_reaches_the_host()
    {
        var place = new NetworkNamespace(5, new ContainerIdentity("docker", new string('a', 64)));
        var rows = Join(new TruthSources { Sockets = [Listener(80) with { Namespace = place }, Listener(80)], Reach = [Report(80, "edge-1", Reach.Open)] });
        rows.Select(row => row.Verdict).ShouldBe([TruthVerdict.Exposed, TruthVerdict.Contained]);
        rows[1].Summary.ShouldBe("nginx (pid 12) listens in docker aaaaaaaaaaaa, not on this machine's addresses.");
    }

    [Fact]
    public void Loopback_serves_the_machine_and_is_no_finding()
    {
        var row = Join(new TruthSources { Sockets = [Listener(5432, IPAddress.Loopback), Listener(5432, IPAddress.IPv6Loopback)] }).ShouldHaveSingleItem();
        (row.Verdict, row.IsFinding).ShouldBe((TruthVerdict.Local, false));
    }

    [Fact]
    public void A_door_that_is_open_to_nobody_has_a_row_and_a_hundred_of_them_have_none()
    {
        var sources = new TruthSources
        {
            Declared = [Web], Sockets = [Listener(443), Listener(80)], Permitted = (protocol, port) => new PermittedPort(protocol, port, Permitted.Wider, "by a rule"),
            Doors = static protocol => protocol == PortProtocol.Tcp ? PortSet.Of([80, 443, 8080]) : PortSet.Range(20000, 20099),
        };
        var rows = Join(sources);
        rows.Select(static row => (row.Protocol, row.Port)).ShouldBe([("tcp", 80), ("tcp", 443), ("tcp", 8080)]);
        rows[2].Verdict.ShouldBe(TruthVerdict.OpenDoor);
        rows[2].Summary.ShouldBe("The packet filter lets packets in: by a rule, but nobody listens and nobody declared it.");
        Join(sources with { Sockets = null }).ShouldHaveSingleItem("who listens is not known, so nobody can be said not to").Port.ShouldBe(443);
    }

    [Fact]
    public void A_port_that_is_watched_has_a_row_that_says_it_is_free()
        => Join(new TruthSources { Sockets = [], Watched = [(PortProtocol.Tcp, 9100)] }).ShouldHaveSingleItem().Verdict.ShouldBe(TruthVerdict.Free);

    [Fact]
    public void A_host_that_could_not_be_asked_gives_no_finding()
        => Join(new TruthSources { Declared = [Web], Sockets = null }).Single().Verdict.ShouldBe(TruthVerdict.Unseen);

    [Fact]
    public void Whatever_is_seen_no_listener_is_lost_and_every_row_says_something()
    {
        var port = Gen.Int[1, 5];
        var socket = Gen.Select(port, Gen.Int[0, 3], Gen.Bool, (number, kind, udp) => Listener(number, kind switch { 0 => IPAddress.Any, 1 => IPAddress.Loopback, 2 => IPAddress.IPv6Any, _ => IPAddress.Parse("10.0.0.5") }) with
        {
            Protocol = udp ? PortProtocol.Udp : PortProtocol.Tcp, Owner = kind == 2 ? null : Nginx,
        });
        var declared = Gen.Select(port, Gen.Bool, Gen.Bool, (number, local, stopped) => Web with { Port = number, Local = local, Stopped = stopped, Address = local ? IPAddress.Loopback : null });
        Gen.Select(socket.Array[0, 8], declared.Array[0, 4], Gen.Select(port, Gen.Enum<Reach>()).Array[0, 4], Gen.Enum<Permitted>()).Sample((sockets, ports, reach, permitted) =>
        {
            var rows = Join(new TruthSources
            {
                Sockets = sockets, Declared = ports, Reach = [.. reach.Select(pair => Report(pair.Item1, "edge-1", pair.Item2))],
                Permitted = (protocol, number) => new PermittedPort(protocol, number, permitted, "somebody"),
            });
            rows.ShouldAllBe(row => row.Summary.Length > 0 && !row.Summary.Contains("  "));
            foreach (var one in sockets)
                rows.ShouldContain(row => row.Port == one.Port && row.Protocol == one.Protocol.Name() && row.Listeners.Any(listener => listener.Address == one.Address.ToString()));
            foreach (var one in ports)
                rows.ShouldContain(row => row.Port == one.Port && row.Service == "web");
        });
    }

    private static IReadOnlyList<PortStatus> Join(TruthSources sources) => TruthTable.Join(sources);

    private static ListeningSocket Listener(int port, IPAddress? address = null) => new(PortProtocol.Tcp, address ?? IPAddress.Any, port, true, null, 77, 33, Nginx);

    private static ReachReport Report(int port, string from, Reach reach)
        => new(NodeName.Parse("a"), PortProtocol.Tcp, port, from, SameMachine: false, new ProbeResult(reach, 1, 2, ""), DateTimeOffset.UnixEpoch);
}
