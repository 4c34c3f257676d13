using System.Net;
using System.Net.Sockets;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

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

        bound.Lease.Port.ShouldBe(wanted);
        bound.Lease.State.ShouldBe(PortLeaseState.Bound);
        bound.Moved.ShouldBeFalse();
        bound.Lease.Reason.ShouldBe($"{wanted} is wanted and free.");
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(bound.EndPoint);
        using var accepted = await bound.Socket.AcceptAsync();
        accepted.Connected.ShouldBeTrue();
    }

    [Fact]
    public async Task A_stranger_on_the_wanted_port_moves_the_service_to_the_emergency_port_and_is_named()
    {
        using var stranger = TestPorts.Stranger();
        using var kept = TestPorts.Kept();
        var emergency = kept.Port();
        var request = Wanting(stranger.Port()) with { EmergencyPort = emergency };

        await using var bound = await _binder.BindAsync(request, IPAddress.Loopback);

        bound.Lease.Port.ShouldBe(emergency);
        bound.Moved.ShouldBeTrue();
        bound.ShouldBe.ShouldBe(stranger.Port());
        bound.Obstacle.ShouldNotBeNull().ShouldContain($"(pid {Environment.ProcessId})");
        bound.Lease.Reason.ShouldStartWith($"{stranger.Port()} is bound by ");
        bound.Lease.Reason.ShouldEndWith($", moved to the emergency port {emergency}.");
        bound.Findings.ShouldContain(finding => finding.Kind == PortFindingKind.Moved && finding.Cure != null);
    }

    private static PortRequest Wanting(int port) => new() { Node = Node, Service = "push", WantedPort = port };
}
