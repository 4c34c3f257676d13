using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Truth;
using Entrepot.Server.Hosting;
using Entrepot.Server.PortWatch;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.PortWatch;

public sealed class PortWatcherTests : IAsyncLifetime
{
    private static readonly NodeName Here = NodeName.Parse("origin");
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-watch-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly Host _host = new();
    private StateDatabase _state = null!;
    private ObservedPorts _ports = null!;

    public ValueTask InitializeAsync()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), [.. Node.StateFeatures]);
        _ports = new ObservedPorts(
            Here, static () => [new DeclaredPort("web", PortProtocol.Tcp, 443, null, "portfile")], static () => [], _host, new PermittedUnknown("not asked"),
            (static () => new("1", "origin", []), static () => []), _state, new WatchOptions(), _time, NullLogger.Instance);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _ports.Dispose();
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_new_listener_is_a_finding_within_four_seconds_and_resolved_when_it_is_gone()
    {
        _host.Shown = [Listener(443)];
        (await TickAsync(0)).ShouldBeEmpty();
        _host.Shown = [Listener(443), Listener(5000)];
        (await TickAsync(2)).ShouldBeEmpty();
        (await TickAsync(2)).ShouldHaveSingleItem().After.Key.Kind.ShouldBe(TruthVerdict.Undeclared);
        _host.Shown = [Listener(443)];
        (await TickAsync(2)).ShouldHaveSingleItem().After.State.ShouldBe(FindingState.Resolved);
    }

    [Fact]
    public async Task A_finding_of_before_a_restart_that_is_still_true_is_neither_resolved_nor_reopened()
    {
        _host.Shown = [Listener(443), Listener(5000)];
        await TickAsync(0);
        (await TickAsync(2)).ShouldHaveSingleItem();
        using var again = new ObservedPorts(
            Here, _ports.Declared, static () => [], _host, new PermittedUnknown("not asked"), (static () => new("1", "origin", []), static () => []), _state, new WatchOptions(), _time, NullLogger.Instance);

        for (var i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            (await again.Watcher.TickAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
        }

        _host.Shown = [Listener(443)];
        _time.Advance(TimeSpan.FromSeconds(2));
        (await again.Watcher.TickAsync(TestContext.Current.CancellationToken)).ShouldHaveSingleItem().After.State.ShouldBe(FindingState.Resolved);
    }

    [Fact]
    public async Task A_difference_that_is_gone_at_the_next_look_is_no_finding()
    {
        _host.Shown = [];
        (await TickAsync(0)).ShouldBeEmpty();
        _host.Shown = [Listener(443)];
        (await TickAsync(2)).ShouldBeEmpty();
        _ports.Findings.List(resolved: true).ShouldBeEmpty();
    }

    [Fact]
    public async Task Ports_that_a_stopping_node_closes_are_no_findings()
    {
        _host.Shown = [Listener(443)];
        await TickAsync(0);
        _ports.Watcher.Stop();
        _host.Shown = [];
        await TickAsync(2);
        (await TickAsync(2)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_look_at_which_nothing_changed_asks_for_no_owners_until_it_is_time()
    {
        _host.Shown = [Listener(443)];
        await TickAsync(0);
        for (var i = 0; i < 14; i++)
            await TickAsync(2);
        _host.Surveys.ShouldBe(1);
        await TickAsync(2);
        _host.Surveys.ShouldBe(2);
    }

    [Fact]
    public async Task Another_socket_on_the_same_port_is_a_change()
    {
        _host.Shown = [Listener(443)];
        await TickAsync(0);
        _host.Shown = [Listener(443) with { Inode = 99 }];
        await TickAsync(2);
        _host.Surveys.ShouldBe(2);
    }

    [Fact]
    public async Task Udp_sockets_of_outgoing_questions_become_findings_only_when_they_stay()
    {
        var question = Listener(40_000) with { Protocol = PortProtocol.Udp };
        _host.Shown = [Listener(443), question];
        (await TickAsync(0)).ShouldBeEmpty();
        _host.Shown = [Listener(443)];
        (await TickAsync(2)).ShouldBeEmpty();
        _host.Shown = [Listener(443), question];
        (await TickAsync(2)).ShouldBeEmpty();
        (await TickAsync(30)).ShouldHaveSingleItem().After.Key.Port.ShouldBe(40_000);
    }

    [Fact]
    public async Task The_status_is_asked_once_for_many_who_ask_within_a_second()
    {
        _host.Shown = [Listener(443)];
        var first = await _ports.Watcher.StatusAsync(TestContext.Current.CancellationToken);
        (await _ports.Watcher.StatusAsync(TestContext.Current.CancellationToken)).ShouldBeSameAs(first);
        _time.Advance(TimeSpan.FromSeconds(2));
        (await _ports.Watcher.StatusAsync(TestContext.Current.CancellationToken)).ShouldNotBeSameAs(first);
        first.Notes.ShouldContain("permitted is not known: not asked");
        first.Ports.ShouldHaveSingleItem().Verdict.ShouldBe(TruthVerdict.Plausible);
    }

    private Task<IReadOnlyList<FindingTransition>> TickAsync(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        return _ports.Watcher.TickAsync(TestContext.Current.CancellationToken);
    }

    private static ListeningSocket Listener(int port)
        => new(PortProtocol.Tcp, IPAddress.Any, port, true, null, port, 0, new SocketOwner(1, "nginx"));

    private sealed class Host : IPortInventory
    {
        public IReadOnlyList<ListeningSocket> Shown { get; set; } = [];

        public int Surveys { get; private set; }

        public IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol) => [.. Shown.Where(socket => socket.Protocol == protocol)];

        public IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets) => sockets;

        public IReadOnlyList<ListeningSocket> Survey()
        {
            Surveys++;
            return Shown;
        }

        public EphemeralRange EphemeralRange() => Entrepot.Ports.Inventory.EphemeralRange.LinuxDefault;
    }
}
