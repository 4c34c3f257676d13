using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Configuration;
using Entrepot.Server.Guard;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Guard;

public sealed class PortGuardEnduranceTests : IAsyncDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private static readonly SocketOwner Netcat = new(99, "nc") { Path = "/usr/bin/nc" };

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-guard-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly Host _host = new();
    private readonly Keeper _keeper = new();
    private readonly StateDatabase _state;
    private readonly PortGuard _guard;

    public PortGuardEnduranceTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), [.. Node.StateFeatures]);
        _guard = new PortGuard(_host, _state, _keeper, GuardOptions.From(Settings.Default), _time, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _guard.DisposeAsync();
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_blocked_is_asked_once_for_all_ports_and_not_again()
    {
        _guard.WatchOthers([.. Enumerable.Range(8000, 1000).Select(static port => Guarded(port))]);
        await _guard.LookAsync(Cancellation);
        await _guard.LookAsync(Cancellation);
        _keeper.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_port_that_was_blocked_before_is_opened_in_peace_also_when_the_agent_starts_after_the_node()
    {
        _keeper.Doors = null;
        _guard.WatchOthers([Guarded(8080)]);
        await _guard.LookAsync(Cancellation);
        _keeper.Doors = [new Door("web", PortProtocol.Tcp, 8080, 8080, []) { Blocked = true }];
        for (var i = 0; i < GuardPlan.QuietNeeded; i++)
            await _guard.LookAsync(Cancellation);
        _keeper.Orders.ShouldBe([(8080, false)]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guard_goes_on_after_an_answer_that_never_came()
    {
        _host.Shown = [Socket(8080, Netcat)];
        _guard.WatchOthers([Guarded(8080)]);
        _keeper.Failure = new TaskCanceledException("the agent hangs");
        _guard.Start();
        while (_keeper.Asked == 0 && !TestContext.Current.CancellationToken.IsCancellationRequested)
            await Task.Yield();
        _keeper.Failure = null;
        while (!_keeper.Orders.Contains((8080, true)) && !TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            _time.Advance(GuardOptions.From(Settings.Default).Interval);
            await Task.Yield();
        }

        _keeper.Orders.ShouldContain((8080, true));
    }

    [Fact]
    public async Task Owners_that_can_not_be_seen_are_looked_for_ever_more_seldom_and_at_once_when_a_socket_is_new()
    {
        _host.Shown = [Socket(8080, owner: null)];
        _guard.WatchOthers([Guarded(8080)]);
        for (var i = 0; i < 100; i++)
            await _guard.LookAsync(Cancellation);
        _host.Named.ShouldBeLessThan(10);
        var before = _host.Named;
        _host.Shown = [Socket(8080, Netcat, inode: 2)];
        await _guard.LookAsync(Cancellation);
        _host.Named.ShouldBe(before + 1);
        JournalTable.ReadNewest(_state, 10).ShouldContain(static entry => entry.Action == "guard.stranger");
    }

    [Fact]
    public async Task A_socket_that_a_supervisor_handed_to_the_service_is_the_services()
    {
        var nginx = new SocketOwner(200, "nginx") { Path = "/usr/sbin/nginx" };
        var systemd = new SocketOwner(1, "systemd") { Path = "/usr/lib/systemd/systemd" };
        _host.Shown = [Socket(8080, systemd) with { Sharers = [nginx] }];
        _guard.WatchOthers([Guarded(8080)]);

        await _guard.LookAsync(Cancellation);

        _keeper.Orders.ShouldBeEmpty();
    }

    private static GuardedPort Guarded(int port)
        => new("web", PortProtocol.Tcp, port, new ExpectedOwner { Process = new ExpectedProcess(null, "/usr/sbin/nginx", null) }, StrangerReaction.Block);

    private static ListeningSocket Socket(int port, SocketOwner? owner, long inode = 1) => new(PortProtocol.Tcp, IPAddress.Any, port, true, null, inode, 33, owner);

    private sealed class Host : IPortInventory
    {
        public IReadOnlyList<ListeningSocket> Shown { get; set; } = [];

        public int Named { get; private set; }

        public IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol) => [.. Shown.Where(socket => socket.Protocol == protocol)];

        public IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets) => [.. sockets.Select(static socket => socket with { Sharers = [] })];

        public IReadOnlyList<ListeningSocket> WithAllOwners(IReadOnlyList<ListeningSocket> sockets)
        {
            Named++;
            return sockets;
        }

        public EphemeralRange EphemeralRange() => Entrepot.Ports.Inventory.EphemeralRange.LinuxDefault;
    }

    private sealed class Keeper : IDoorKeeper
    {
        public volatile int Asked;

        public volatile Exception? Failure;

        /// <summary>What is blocked; null while nobody can say.</summary>
        public IReadOnlyList<Door>? Doors { get; set; } = [];

        public System.Collections.Concurrent.ConcurrentQueue<(int Port, bool Blocked)> Orders { get; } = [];

        public Task<IReadOnlyList<Door>?> BlockedAsync(CancellationToken cancellation)
        {
            Asked++;
            return Failure is { } failure ? throw failure : Task.FromResult(Doors);
        }

        public Task<Fault?> BlockAsync(GuardedPort port, bool blocked, CancellationToken cancellation)
        {
            Orders.Enqueue((port.Port, blocked));
            return Task.FromResult<Fault?>(null);
        }

        public Task<Fault?> FollowAsync(string service, PortProtocol protocol, IReadOnlyList<int> ports, CancellationToken cancellation)
            => Task.FromResult<Fault?>(null);
    }
}
