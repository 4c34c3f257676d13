using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Guard;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Guard;

public sealed class PortGuardTests : IAsyncDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly SocketOwner Nginx = new(12, "nginx") { Path = "/usr/sbin/nginx" };
    private static readonly SocketOwner Netcat = new(99, "nc") { Path = "/usr/bin/nc" };

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-guard-").FullName;
    private readonly StateDatabase _state;
    private readonly Inventory _host = new();
    private readonly Keeper _keeper = new();
    private readonly PortGuard _guard;

    public PortGuardTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), Node.StateFeatures);
        var options = new GuardOptions { Node = NodeName.Parse("n1") };
        _guard = new PortGuard(_host, _state, _keeper, options, new FakeTimeProvider(), NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _guard.DisposeAsync();
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_strangers_port_is_blocked_and_freed_when_it_has_gone()
    {
        _guard.WatchOthers([Web(StrangerReaction.Block)]);
        _host.Listening = [Socket(1, Netcat)];
        await LookAsync(2);
        _keeper.Blocked.ShouldBe(["tcp/443"]);

        _host.Listening = [Socket(2, Nginx)];
        await LookAsync(GuardPlan.QuietNeeded);

        _keeper.Blocked.ShouldBeEmpty();
        Journal().ShouldBe(["guard.stranger", "guard.block", "guard.clear", "guard.unblock"]);
    }

    [Fact]
    public async Task A_block_that_the_agent_refuses_is_asked_for_again()
    {
        _guard.WatchOthers([Web(StrangerReaction.Block)]);
        _keeper.Refusal = new Fault(FaultKind.Unavailable, "firewall/agent-unreachable", "No agent listens.");
        _host.Listening = [Socket(1, Netcat)];
        await LookAsync(3);
        _keeper.Blocked.ShouldBeEmpty();

        _keeper.Refusal = null;
        await LookAsync(1);

        _keeper.Blocked.ShouldBe(["tcp/443"]);
        Journal().ShouldBe(["guard.stranger", "guard.block"]);
    }

    [Fact]
    public async Task What_was_blocked_before_a_restart_is_freed_when_no_stranger_is_there()
    {
        _keeper.Blocked.Add("tcp/443");
        _guard.WatchOthers([Web(StrangerReaction.Block)]);
        _host.Listening = [Socket(1, Nginx)];

        await LookAsync(GuardPlan.QuietNeeded);

        _keeper.Blocked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Owners_are_looked_up_for_new_sockets_only_and_not_for_ever_where_they_can_not_be_seen()
    {
        _guard.WatchOthers([Web(StrangerReaction.Alert)]);
        _host.Listening = [Socket(1, Nginx)];
        await LookAsync(10);
        _host.Lookups.ShouldBe(1);

        _host.Listening = [Socket(2, null)];
        await LookAsync(10);

        _host.Lookups.ShouldBe(1 + 4, "at the looks 1, 2, 4 and 8");
    }

    [Fact]
    public async Task A_port_that_is_declared_again_keeps_what_is_known_of_it()
    {
        _guard.WatchOthers([Web(StrangerReaction.Alert)]);
        _host.Listening = [Socket(1, Netcat)];
        await LookAsync(1);

        _guard.WatchOthers([Web(StrangerReaction.Alert), Web(StrangerReaction.Alert) with { Service = "other", Port = 444 }]);
        await LookAsync(1);

        Journal().ShouldBe(["guard.stranger"]);
    }

    private static GuardedPort Web(StrangerReaction reaction)
        => new("web", PortProtocol.Tcp, 443, new ExpectedOwner { Process = new ExpectedProcess(null, "/usr/sbin/nginx", null) }, reaction);

    private static ListeningSocket Socket(long inode, SocketOwner? owner) => new(PortProtocol.Tcp, IPAddress.Any, 443, true, null, inode, 0, owner);

    private async Task LookAsync(int times)
    {
        for (var i = 0; i < times; i++)
            await _guard.LookAsync(Cancellation);
    }

    private IEnumerable<string> Journal() => JournalTable.Read(_state, 0, 100).Select(static entry => entry.Action);

    private sealed class Inventory : IPortInventory
    {
        public IReadOnlyList<ListeningSocket> Listening { get; set; } = [];

        public int Lookups { get; private set; }

        public IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol) => [.. Listening.Select(static socket => socket with { Owner = null })];

        public IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets)
        {
            Lookups++;
            return [.. sockets.Select(socket => socket with { Owner = Listening.FirstOrDefault(known => known.Inode == socket.Inode)?.Owner })];
        }

        public EphemeralRange EphemeralRange() => Entrepot.Ports.Inventory.EphemeralRange.LinuxDefault;
    }

    private sealed class Keeper : IDoorKeeper
    {
        public List<string> Blocked { get; } = [];

        public Fault? Refusal { get; set; }

        public Task<IReadOnlyList<Door>?> BlockedAsync(CancellationToken cancellation)
            => Task.FromResult<IReadOnlyList<Door>?>(Blocked.Contains("tcp/443") ? [new Door("web", PortProtocol.Tcp, 443, 443, []) { Blocked = true }] : []);

        public Task<Fault?> BlockAsync(GuardedPort port, bool blocked, CancellationToken cancellation)
        {
            if (Refusal is null && blocked)
                Blocked.Add(port.Name);
            else if (Refusal is null)
                Blocked.Remove(port.Name);
            return Task.FromResult(Refusal);
        }

        public Task<Fault?> FollowAsync(string service, PortProtocol protocol, IReadOnlyList<int> ports, CancellationToken cancellation) => Task.FromResult<Fault?>(null);
    }
}
