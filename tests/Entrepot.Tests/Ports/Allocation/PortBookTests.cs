using System.Net;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortBookTests : IAsyncDisposable
{
    private static readonly NodeName Node = NodeName.Parse("n1");
    private static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-ports-").FullName;
    private readonly FakeTimeProvider _time = new(Start);
    private StateDatabase _state;
    private PortBook _book;

    public PortBookTests() => (_state, _book) = Open();

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_grant_is_durable_with_its_reason_and_a_line_in_the_journal()
    {
        var granted = (await GrantAsync(Wanting("push", 8333))).Lease!;
        await RestartAsync();

        var lease = _book.Leases().Single();
        lease.ShouldBe(granted);
        (lease.Service, lease.Port, lease.WantedPort, lease.State, lease.GrantedAt).ShouldBe(("push", 8333, 8333, PortLeaseState.Granted, Start));
        lease.Address.ShouldBe(IPAddress.Loopback);
        lease.Decision.ShouldStartWith("8333 is wanted and free.\n");
        var entry = Journal().Single();
        (entry.Actor, entry.Action, entry.Subject, entry.At).ShouldBe(("node:n1", "lease.grant", "n1/tcp/8333", Start));
        JsonDocument.Parse(entry.Details).RootElement.GetProperty("generation").GetInt64().ShouldBe(lease.Generation);
    }

    [Fact]
    public async Task Hundreds_that_ask_at_once_never_get_the_same_port()
    {
        var pool = new PortPool("wide", 20000, 20299);
        var grants = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(() => GrantAsync(Pooled($"s{i}", pool)))));

        var ports = grants.Where(grant => grant.Lease is not null).Select(grant => grant.Lease!.Port).ToList();
        ports.Order().ShouldBe(pool.Ports.Enumerate());  // 300 ports, each once
        grants.Count(grant => grant.Lease is null).ShouldBe(100);
        _book.Leases().Select(lease => lease.Generation).ShouldBeUnique();
        Journal().CountBy(entry => entry.Action).ToDictionary().ShouldBe(
            new Dictionary<string, int> { ["lease.grant"] = 300, ["lease.refuse"] = 100 }, ignoreOrder: true);
    }

    [Fact]
    public async Task Two_books_on_one_file_never_grant_the_same_port()
    {
        var pool = new PortPool("wide", 20000, 20049);
        await using var secondState = StateDatabase.Open(File, typeof(PortBook).Assembly);
        var second = new PortBook(secondState, PortPolicy.Default, _time);

        var grants = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(()
            => (i % 2 == 0 ? _book : second).GrantAsync(Pooled($"s{i}", pool), IPAddress.Loopback, PortObservation.None))));

        grants.Select(grant => grant.Lease!.Port).Order().ShouldBe(pool.Ports.Enumerate());
    }

    [Fact]
    public async Task The_unique_index_refuses_a_second_owner_whatever_the_code_does()
    {
        await GrantAsync(Wanting("push", 8333));
        var error = await Should.ThrowAsync<SqliteException>(() => _state.WriteAsync(transaction => transaction.Execute(
            """
            INSERT INTO port_leases (node, service, protocol, address, port, generation, granted_at, state, reason, decision)
            SELECT node, 'thief', protocol, address, port, generation + 1, granted_at, state, reason, decision FROM port_leases
            """)));
        error.Message.ShouldContain("port_leases.port");
    }

    [Fact]
    public async Task The_same_service_gets_the_same_port_after_a_restart()
    {
        var first = new List<int>();
        for (var i = 0; i < 20; i++)
            first.Add((await GrantAsync(Pooled($"edge-{i}", DefaultPorts.Edges))).Lease!.Port);
        await RestartAsync();

        foreach (var i in Enumerable.Range(0, 20).Reverse())
        {
            var lease = (await GrantAsync(Pooled($"edge-{i}", DefaultPorts.Edges))).Lease!;
            (lease.Port, lease.Reason).ShouldBe((first[i], $"{first[i]} is kept from the last start."));
        }
    }

    [Fact]
    public async Task A_service_that_moved_returns_to_its_port_after_a_restart()
    {
        var request = Wanting("push", 8333) with { EmergencyPort = 60000 };
        var stranger = PortObservation.None with { FoundTaken = new Dictionary<int, string> { [8333] = "is bound by nginx (pid 12)" } };
        var away = await _book.GrantAsync(request, IPAddress.Loopback, stranger);
        (away.Lease!.Port, away.Decision.Moved).ShouldBe((60000, true));
        await RestartAsync();

        var back = await GrantAsync(request);

        (back.Lease!.Port, back.Decision.Moved).ShouldBe((8333, false));
        _book.Leases().Single().Port.ShouldBe(8333);
        (await GrantAsync(Wanting("other", 60000))).Lease!.Port.ShouldBe(60000);
    }

    [Fact]
    public async Task Tcp_and_udp_are_different_ports()
    {
        await GrantAsync(Wanting("web", 8333));
        (await GrantAsync(Wanting("quic", 8333) with { Protocol = PortProtocol.Udp })).Lease!.Port.ShouldBe(8333);
        (await GrantAsync(Wanting("web", 8444) with { Protocol = PortProtocol.Udp })).Lease!.Port.ShouldBe(8444);
        _book.Leases().Count.ShouldBe(3);
    }

    [Fact]
    public async Task Every_node_has_its_own_ports()
    {
        await GrantAsync(Wanting("push", 8333));
        (await GrantAsync(Wanting("push", 8333) with { Node = NodeName.Parse("n2") })).Lease!.Port.ShouldBe(8333);
    }

    [Fact]
    public async Task A_port_that_another_service_has_is_refused_by_its_name()
    {
        await GrantAsync(Wanting("push", 8333));
        (await GrantAsync(Wanting("thief", 8333))).Decision.Reason.ShouldBe("No port is left: 8333 is leased to 'push'.");
        Journal()[^1].Action.ShouldBe("lease.refuse");
    }

    [Fact]
    public async Task Generations_only_rise_and_an_old_owner_is_fenced_off()
    {
        var old = (await GrantAsync(Wanting("push", 8333))).Lease!;
        var other = (await GrantAsync(Wanting("scheduler", 8080))).Lease!;
        var current = (await GrantAsync(Wanting("push", 8333))).Lease!;
        (old.Generation < other.Generation && other.Generation < current.Generation).ShouldBeTrue();

        (await Should.ThrowAsync<FaultException>(() => _book.SetStateAsync(old, PortLeaseState.Bound))).Fault.Is(PortFault.LeaseSuperseded).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(() => _book.ReleaseAsync(old, "over", "test"))).Fault.Is(PortFault.LeaseSuperseded).ShouldBeTrue();
        await _book.TrySetIdleAsync(old);
        _book.Leases().Single(lease => lease.Service == "push").State.ShouldBe(PortLeaseState.Granted);

        (await _book.SetStateAsync(current, PortLeaseState.Bound)).State.ShouldBe(PortLeaseState.Bound);
        await RestartAsync();
        (await GrantAsync(Wanting("push", 8333))).Lease!.Generation.ShouldBeGreaterThan(current.Generation);
    }

    [Fact]
    public async Task A_released_port_cools_down_for_others_but_not_for_its_last_owner()
    {
        var lease = (await GrantAsync(Wanting("push", 8333))).Lease!;
        await _book.ReleaseAsync(lease, "The surface is switched off.", "operator@127.0.0.1");
        _book.Leases().ShouldBeEmpty();
        (Journal()[^1].Action, Journal()[^1].Actor).ShouldBe(("lease.release", "operator@127.0.0.1"));

        _time.Advance(TimeSpan.FromSeconds(59));
        (await GrantAsync(Wanting("other", 8333))).Decision.Reason.ShouldContain("was released by 'push' just now");
        var again = (await GrantAsync(Wanting("push", 8333))).Lease!;
        await _book.ReleaseAsync(again, "Again.", "test");

        _time.Advance(TimeSpan.FromSeconds(60));
        (await GrantAsync(Wanting("other", 8333))).Lease!.Port.ShouldBe(8333);
    }

    [Fact]
    public async Task Services_that_a_node_no_longer_has_lose_their_leases()
    {
        await GrantAsync(Wanting("push", 8333));
        await GrantAsync(Pooled("edge-1", DefaultPorts.Edges));
        await GrantAsync(Pooled("edge-2", DefaultPorts.Edges));
        await GrantAsync(Pooled("edge-2", DefaultPorts.Edges) with { Node = NodeName.Parse("n2") });

        var ended = await _book.ReleaseMissingAsync(Node, new HashSet<string> { "push", "edge-1" }, "system:start");

        ended.Single().Service.ShouldBe("edge-2");
        _book.Leases().Select(lease => $"{lease.Node}/{lease.Service}").ShouldBe(["n1/push", "n1/edge-1", "n2/edge-2"], ignoreOrder: true);
        (await _book.ReleaseMissingAsync(Node, new HashSet<string> { "push", "edge-1" }, "system:start")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_malformed_request_is_refused_with_every_mistake_and_grants_nothing()
    {
        var error = await Should.ThrowAsync<FaultException>(() => GrantAsync(new PortRequest { Node = Node, Service = "Push!", WantedPort = 70000, EmergencyPort = 0 }));

        error.Fault.Is(PortFault.RequestInvalid).ShouldBeTrue();
        error.Message.ShouldContain("'Push!' is not a service name");
        error.Message.ShouldContain("70000 is not a port");
        error.Message.ShouldContain("emergency port 0 is not a port");
        _book.Leases().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(65535, true)]
    [InlineData(-1, false)]
    [InlineData(65536, false)]
    public void A_wanted_port_is_a_number_of_sixteen_bits(int port, bool accepted)
        => (Wanting("push", port).Mistakes().Count == 0).ShouldBe(accepted);

    [Fact]
    public void A_request_names_a_port_or_a_pool_that_serves_it()
    {
        new PortRequest { Node = Node, Service = "s" }.Mistakes().Single().ShouldContain("neither a port nor a pool");
        Pooled("s", new PortPool("fixed", 8000, 8099, PoolStrategy.Static)).Mistakes().Single().ShouldContain("static");
        (Wanting("s", 8000) with { Node = default }).Mistakes().Single().ShouldContain("names no node");
    }

    private string File => Path.Combine(_folder, "state.db");

    private static PortRequest Wanting(string service, int port) => new() { Node = Node, Service = service, WantedPort = port };

    private static PortRequest Pooled(string service, PortPool pool) => new() { Node = Node, Service = service, Pool = pool };

    private Task<PortGrant> GrantAsync(PortRequest request) => _book.GrantAsync(request, IPAddress.Loopback, PortObservation.None);

    private IReadOnlyList<JournalEntry> Journal() => JournalTable.Read(_state, 0, 1000);

    private (StateDatabase State, PortBook Book) Open()
    {
        var state = StateDatabase.Open(File, typeof(PortBook).Assembly);
        return (state, new PortBook(state, PortPolicy.Default, _time));
    }

    private async Task RestartAsync()
    {
        await _state.DisposeAsync();
        (_state, _book) = Open();
    }
}
