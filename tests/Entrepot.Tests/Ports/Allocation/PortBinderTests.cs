using System.Net;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortBinderTests : IAsyncDisposable
{
    private static readonly NodeName Node = NodeName.Parse("n1");

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-ports-").FullName;
    private readonly StateDatabase _state;
    private readonly PortBook _book;
    private readonly PortBinder _binder;

    public PortBinderTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new PortBook(_state, PortPolicy.Default, TimeProvider.System);
        _binder = new PortBinder(_book, new ListeningSockets());
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_free_wanted_port_is_leased_bound_and_reachable()
    {
        using var kept = TestPorts.Kept();
        var wanted = kept.Port();
        await using var bound = await _binder.BindAsync(Wanting(wanted), IPAddress.Loopback);

        (bound.Lease.Port, bound.Lease.State, bound.Moved).ShouldBe((wanted, PortLeaseState.Bound, false));
        bound.Lease.Reason.ShouldBe($"{wanted} is wanted and free.");
        _book.Leases().Single().ShouldBe(bound.Lease);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(bound.EndPoint);
        using var accepted = await bound.Socket.AcceptAsync();
        accepted.Connected.ShouldBeTrue();
        bound.Socket.Listen(16);  // as a server does that is handed the socket
    }

    [Fact]
    public async Task A_stranger_on_the_wanted_port_moves_the_service_to_the_emergency_port_and_is_named()
    {
        using var stranger = TestPorts.Stranger();
        using var kept = TestPorts.Kept();
        var emergency = kept.Port();
        var request = Wanting(stranger.Port()) with { EmergencyPort = emergency };

        await using var bound = await _binder.BindAsync(request, IPAddress.Loopback);

        (bound.Lease.Port, bound.Moved, bound.ShouldBe).ShouldBe((emergency, true, stranger.Port()));
        bound.Obstacle.ShouldNotBeNull().ShouldContain($"(pid {Environment.ProcessId})");
        bound.Lease.Reason.ShouldStartWith($"{stranger.Port()} is bound by ");
        bound.Lease.Reason.ShouldEndWith($", moved to the emergency port {emergency}.");
        var finding = bound.Findings.Single(finding => finding.Kind == PortFindingKind.Moved);
        finding.Message.ShouldStartWith($"'push' listens on {emergency} instead of {stranger.Port()}, because {stranger.Port()} is bound by ");
        finding.Cure.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_service_that_moved_takes_its_port_back_once_the_stranger_is_gone()
    {
        using var kept = TestPorts.Kept();
        using var stranger = TestPorts.Stranger();
        var wanted = stranger.Port();
        var request = Wanting(wanted) with { EmergencyPort = kept.Port() };
        await using (var moved = await _binder.BindAsync(request, IPAddress.Loopback))
            moved.Moved.ShouldBeTrue();
        _book.Leases().Single().State.ShouldBe(PortLeaseState.Idle);
        stranger.Dispose();

        await using var back = await _binder.BindAsync(request, IPAddress.Loopback);

        (back.Lease.Port, back.Moved).ShouldBe((wanted, false));
    }

    [Fact]
    public async Task A_stranger_that_the_host_does_not_show_is_found_by_binding()
    {
        using var stranger = TestPorts.Stranger();
        using var kept = TestPorts.Kept();
        var blind = new PortBinder(_book, new FakeInventory());
        var request = Wanting(stranger.Port()) with { EmergencyPort = kept.Port() };

        await using var bound = await blind.BindAsync(request, IPAddress.Loopback);

        (bound.Lease.Port, bound.Moved, bound.ShouldBe).ShouldBe((kept.Port(), true, stranger.Port()));
        bound.Obstacle.ShouldStartWith("is taken, by a socket that the host does not show");
        bound.Lease.Reason.ShouldEndWith($", moved to the emergency port {kept.Port()}.");
        JournalTable.Read(_state, 0, 10).Select(entry => entry.Subject).ShouldBe([$"n1/tcp/{stranger.Port()}", $"n1/tcp/{kept.Port()}"]);
    }

    [Fact]
    public async Task An_outgoing_connection_on_the_wanted_port_is_named_with_its_other_end()
    {
        using var server = TestPorts.Stranger();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(server.LocalEndPoint!);
        var request = Wanting(client.Port());

        var error = await Should.ThrowAsync<FaultException>(() => _binder.BindAsync(request, IPAddress.Loopback));

        error.Message.ShouldContain($"{client.Port()} is used by ");
        error.Message.ShouldContain($"(pid {Environment.ProcessId}) for a connection to 127.0.0.1:{server.Port()}");
    }

    [Fact]
    public async Task A_pool_is_searched_until_a_port_can_be_bound()
    {
        using var kept = TestPorts.Kept();
        var (strangers, pool) = PoolAround(kept);
        try
        {
            var bound = await new PortBinder(_book, new FakeInventory()).BindAsync(new PortRequest { Node = Node, Service = "edge-1", Pool = pool }, IPAddress.Loopback);
            await using (bound)
            {
                pool.Contains(bound.Lease.Port).ShouldBeTrue();
                strangers.Select(stranger => stranger.Port()).ShouldNotContain(bound.Lease.Port);
                bound.Moved.ShouldBeFalse();  // it never had another
                bound.Findings.Where(finding => finding.Kind == PortFindingKind.Taken).ShouldAllBe(finding => finding.Port != bound.Lease.Port);
            }
        }
        finally
        {
            strangers.ForEach(stranger => stranger.Dispose());
        }
    }

    [Fact]
    public async Task When_nothing_can_be_bound_every_reason_is_told_and_no_lease_stays()
    {
        using var first = TestPorts.Stranger();
        using var second = TestPorts.Stranger();
        var request = Wanting(first.Port()) with { EmergencyPort = second.Port() };

        foreach (var binder in new[] { _binder, new PortBinder(_book, new FakeInventory()) })
        {
            var error = await Should.ThrowAsync<FaultException>(() => binder.BindAsync(request, IPAddress.Loopback));

            error.Fault.Is(PortFault.NoPortLeft).ShouldBeTrue();
            error.Fault.Kind.ShouldBe(FaultKind.Exhausted);
            error.Fault.Cure.ShouldNotBeNull();
            error.Message.ShouldContain($"{first.Port()} is ");
            error.Message.ShouldContain($"{second.Port()} is ");
            _book.Leases().ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Tries_are_bounded()
    {
        using var first = TestPorts.Stranger();
        using var second = TestPorts.Stranger();
        var binder = new PortBinder(_book, new FakeInventory(), new PortBinderOptions { MaxAttempts = 1 });
        using var kept = TestPorts.Kept();

        var error = await Should.ThrowAsync<FaultException>(() => binder.BindAsync(Wanting(first.Port()) with { EmergencyPort = kept.Port() }, IPAddress.Loopback));

        error.Fault.Is(PortFault.NoPortLeft).ShouldBeTrue();
        error.Message.ShouldContain($"1 ports were tried one after the other: {first.Port()} is taken");
        _book.Leases().ShouldBeEmpty();
    }

    [Fact]
    public async Task Any_free_port_is_picked_by_the_kernel_leased_and_kept_for_the_next_start()
    {
        int port;
        await using (var bound = await _binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.Loopback))
        {
            port = bound.Lease.Port;
            bound.Socket.Port().ShouldBe(port);
            bound.Lease.Reason.ShouldBe($"{port} is picked by the kernel, as any free port was asked for.");
            (bound.Moved, bound.Warnings.Count, bound.Findings.Count).ShouldBe((false, 0, 0));
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(bound.EndPoint);
        }

        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stranger.Bind(new IPEndPoint(IPAddress.Loopback, port));
        await using (var again = await _binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.Loopback))
            again.Lease.Port.ShouldBe(port);

        stranger.Listen();
        await using var elsewhere = await _binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.Loopback);
        elsewhere.Lease.Port.ShouldNotBe(port);
    }

    [Fact]
    public async Task Any_free_port_is_never_one_that_a_stopped_service_has_leased()
    {
        // Half of what the kernel could pick is leased, even and odd ports alike: Linux gives odd ones to bind(0) first.
        var range = new ListeningSockets().EphemeralRange();
        var spared = PortSet.Of(Enumerable.Range(range.First, range.Last - range.First + 1).Where(port => port % 4 < 2));
        await _state.WriteAsync(transaction =>
        {
            var generation = 0;
            foreach (var port in PortSet.Range(range.First, range.Last).Except(spared).Enumerate())
                transaction.Execute(
                    """
                    INSERT INTO port_leases (node, service, protocol, address, port, generation, granted_at, state, reason, decision)
                    VALUES ('n1', @service, 'tcp', '::', @port, @generation, 0, 'idle', '', '')
                    """,
                    new { service = $"s{port}", port, generation = --generation });
        });

        for (var i = 0; i < 5; i++)
        {
            await using var bound = await _binder.BindAsync(Wanting(PortRequest.AnyPort) with { Service = $"any-{i}" }, IPAddress.Loopback);
            spared.Contains(bound.Lease.Port).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Services_that_bind_at_once_share_nothing()
    {
        var bound = await Task.WhenAll(Enumerable.Range(0, 40).Select(i
            => Task.Run(() => _binder.BindAsync(Wanting(PortRequest.AnyPort) with { Service = $"edge-{i}" }, IPAddress.Loopback))));
        try
        {
            bound.Select(port => port.Lease.Port).ShouldBeUnique();
            bound.ShouldAllBe(port => port.Socket.Port() == port.Lease.Port);
        }
        finally
        {
            foreach (var port in bound)
                await port.DisposeAsync();
        }
    }

    [Fact]
    public async Task Two_processes_that_want_one_port_at_once_do_not_both_get_it()
    {
        using var kept = TestPorts.Kept();
        using var spare = TestPorts.Kept();
        var request = Wanting(kept.Port()) with { EmergencyPort = spare.Port() };
        await using var otherState = StateDatabase.Open(Path.Combine(_folder, "other.db"), typeof(PortBook).Assembly);
        var other = new PortBinder(new PortBook(otherState, PortPolicy.Default, TimeProvider.System), new FakeInventory());

        await using var first = await _binder.BindAsync(request, IPAddress.Loopback);
        await using var second = await other.BindAsync(request, IPAddress.Loopback);

        (first.Lease.Port, second.Lease.Port, second.Moved).ShouldBe((kept.Port(), spare.Port(), true));
    }

    [Fact]
    public async Task Without_a_backlog_the_socket_is_bound_but_does_not_listen_yet()
    {
        var binder = new PortBinder(_book, new ListeningSockets(), new PortBinderOptions { Backlog = 0 });
        await using var bound = await binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.Loopback);
        using (var early = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
            (await Should.ThrowAsync<SocketException>(() => early.ConnectAsync(bound.EndPoint))).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        bound.Socket.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(bound.EndPoint);
        client.Connected.ShouldBeTrue();
    }

    [Fact]
    public async Task A_tcp_stranger_does_not_stand_in_the_way_of_udp_and_the_other_way_round()
    {
        using var tcp = TestPorts.Stranger();
        await using var quic = await _binder.BindAsync(Wanting(tcp.Port()) with { Protocol = PortProtocol.Udp }, IPAddress.Loopback);
        (quic.Lease.Port, quic.Socket.SocketType).ShouldBe((tcp.Port(), SocketType.Dgram));

        using var udp = TestPorts.UdpStranger();
        var error = await Should.ThrowAsync<FaultException>(() => _binder.BindAsync(Wanting(udp.Port()) with { Service = "dns", Protocol = PortProtocol.Udp }, IPAddress.Loopback));
        error.Message.ShouldContain($"{udp.Port()} is bound by ");
    }

    [Fact]
    public async Task All_addresses_of_ipv6_take_ipv4_too()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This host has no IPv6.");
        await using var bound = await _binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.IPv6Any);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, bound.Lease.Port);
        client.Connected.ShouldBeTrue();
    }

    [Fact]
    public async Task Nobody_can_share_a_port_that_we_hold_not_even_the_same_user_with_reuseport()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The option numbers are Linux's.");
        const int SolSocket = 1;
        const int SoReuseAddr = 2;
        const int SoReusePort = 15;
        await using var bound = await _binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.Loopback);
        var value = new byte[4];
        bound.Socket.GetRawSocketOption(SolSocket, SoReusePort, value);
        BitConverter.ToInt32(value).ShouldBe(0);
        bound.Socket.GetRawSocketOption(SolSocket, SoReuseAddr, value);
        BitConverter.ToInt32(value).ShouldBe(1);

        using var thief = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        thief.SetRawSocketOption(SolSocket, SoReusePort, BitConverter.GetBytes(1));
        thief.SetRawSocketOption(SolSocket, SoReuseAddr, BitConverter.GetBytes(1));
        Should.Throw<SocketException>(() => thief.Bind(bound.EndPoint)).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
    }

    [Fact]
    public async Task A_connection_that_lingers_does_not_keep_a_restarted_service_from_its_port()
    {
        using var kept = TestPorts.Kept();
        var request = Wanting(kept.Port());
        await using (var bound = await _binder.BindAsync(request, IPAddress.Loopback))
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(bound.EndPoint);
            using var accepted = await bound.Socket.AcceptAsync();
            accepted.Shutdown(SocketShutdown.Both);  // the side that closes first keeps the port in TIME_WAIT
            (await client.ReceiveAsync(new byte[1])).ShouldBe(0);
        }

        await using var again = await _binder.BindAsync(request, IPAddress.Loopback);
        again.Lease.Reason.ShouldBe($"{kept.Port()} is kept from the last start.");
    }

    [Fact]
    public async Task A_foreign_address_is_a_clear_error_and_no_reason_to_try_other_ports()
    {
        var error = await Should.ThrowAsync<FaultException>(() => _binder.BindAsync(Wanting(PortRequest.AnyPort), IPAddress.Parse("192.0.2.1")));
        error.Fault.Is(PortFault.AddressUnavailable).ShouldBeTrue();
        error.Message.ShouldContain("192.0.2.1");
    }

    [Fact]
    public async Task A_port_at_risk_comes_with_a_finding_and_the_whole_cure()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The cure is Linux's.");
        using var kept = TestPorts.Kept();
        var port = kept.Port();
        var inventory = new FakeInventory { Range = new EphemeralRange(port, port, PortSet.Of(5000), 1024, Known: true) };

        await using var bound = await new PortBinder(_book, inventory).BindAsync(Wanting(port), IPAddress.Loopback);

        bound.Warnings.Single().ShouldStartWith($"{port} is in the host's range for outgoing connections ({port}–{port})");
        var finding = bound.Findings.Single();
        finding.Kind.ShouldBe(PortFindingKind.AtRisk);
        finding.Cure.ShouldNotBeNull().ShouldContain("net.ipv4.ip_local_reserved_ports=5000,");
        finding.Cure.ShouldContain($"{port}'");
    }

    [Fact]
    public async Task Every_cure_reserves_all_ports_of_the_node_so_that_none_undoes_another()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The cure is Linux's.");
        using var stranger = TestPorts.Stranger();
        using var kept = TestPorts.Kept();
        var range = new EphemeralRange(1024, PortSet.MaxPort, PortSet.Empty, 1024, Known: true);
        var binder = new PortBinder(_book, new FakeInventory { Range = range });
        var pool = new PortPool("own", 2000, 2001);

        await using var first = await binder.BindAsync(Wanting(PortRequest.AnyPort) with { Service = "any" }, IPAddress.Loopback);
        await using var moved = await binder.BindAsync(Wanting(stranger.Port()) with { EmergencyPort = kept.Port(), OverflowPool = pool }, IPAddress.Loopback);

        var cure = moved.Findings.Single(finding => finding.Kind == PortFindingKind.AtRisk).Cure!;
        var reserved = cure.Split('\'')[1].Split('=')[1];
        PortSet.TryParse(reserved, out var ports).ShouldBeTrue();
        ports.ShouldBe(DefaultPorts.Edges.Ports.Union(pool.Ports).Union(PortSet.Of(kept.Port())));
        first.Findings.ShouldBeEmpty();  // whoever asked for any port relies on none
    }

    [Fact]
    public async Task A_cancelled_start_holds_no_port()
    {
        using var kept = TestPorts.Kept();
        await Should.ThrowAsync<OperationCanceledException>(() => _binder.BindAsync(Wanting(kept.Port()), IPAddress.Loopback, new CancellationToken(canceled: true)));
        await using var bound = await _binder.BindAsync(Wanting(kept.Port()), IPAddress.Loopback);
        bound.Lease.Port.ShouldBe(kept.Port());
    }

    [Fact]
    public async Task A_malformed_request_binds_nothing()
        => (await Should.ThrowAsync<FaultException>(() => _binder.BindAsync(Wanting(-1), IPAddress.Loopback))).Fault.Is(PortFault.RequestInvalid).ShouldBeTrue();

    private static PortRequest Wanting(int port) => new() { Node = Node, Service = "push", WantedPort = port };

    /// <summary>A pool that holds one port that can be bound, and strangers on some of the others where they could be had.</summary>
    private static (List<Socket> Strangers, PortPool Pool) PoolAround(Socket kept)
    {
        var first = Math.Max(1024, kept.Port() - 4);
        var last = Math.Min(PortSet.MaxPort, first + 8);
        var strangers = new List<Socket>();
        foreach (var port in Enumerable.Range(first, last - first + 1).Where(port => port != kept.Port()))
        {
            var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                stranger.Bind(new IPEndPoint(IPAddress.Loopback, port));
                stranger.Listen();
                strangers.Add(stranger);
            }
            catch (SocketException)
            {
                stranger.Dispose();  // Somebody else has it already, which serves as well.
            }
        }

        return (strangers, new PortPool("around", first, last));
    }
}
