using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Pools;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortSuccessionTests : IAsyncDisposable
{
    private static readonly NodeName Node = NodeName.Parse("n1");
    private static readonly string Overlap = PortSuccession.OverlapName("push");

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-succession-").FullName;
    private readonly StateDatabase _state;
    private readonly PortBook _book;

    public PortSuccessionTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new PortBook(_state, PortPolicy.Default, new FakeTimeProvider());
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_second_port_becomes_the_services_own_and_the_first_stays_leased_until_it_is_given_back()
    {
        var (old, next) = (await GrantAsync("push", 8333), await GrantAsync(Overlap, 8334));

        (old, next) = await _book.SucceedAsync(old, next, "A test.", "test");

        (next.Service, next.Port).ShouldBe(("push", 8334));
        (old.Service, old.Port).ShouldBe((Overlap, 8333));
        Leases().ShouldBe([("push", 8334), (Overlap, 8333)], ignoreOrder: true);
        JournalTable.Read(_state, 0, 10)[^1].Action.ShouldBe("lease.move");
        await _book.ReleaseAsync(old, "It is over.", "test");
        Leases().ShouldBe([("push", 8334)]);
    }

    [Fact]
    public async Task A_lease_that_was_lost_meanwhile_changes_nothing()
    {
        var (old, next) = (await GrantAsync("push", 8333), await GrantAsync(Overlap, 8334));
        await _book.ReleaseAsync(next, "An operator did it.", "test");

        (await Should.ThrowAsync<FaultException>(() => _book.SucceedAsync(old, next, "A test.", "test"))).Fault.Is(PortFault.LeaseSuperseded).ShouldBeTrue();

        Leases().ShouldBe([("push", 8333)]);
    }

    [Fact]
    public async Task A_service_can_come_back_at_once_to_the_port_that_it_left_and_nobody_else_can_have_it()
    {
        var (old, next) = (await GrantAsync("push", 8333), await GrantAsync(Overlap, 8334));
        (old, _) = await _book.SucceedAsync(old, next, "A test.", "test");
        await _book.ReleaseAsync(old, "It is over.", "test");

        (await _book.GrantAsync(Wanting("other", 8333), IPAddress.Loopback, PortObservation.None)).Lease.ShouldBeNull();
        (await GrantAsync(Overlap, 8333)).Port.ShouldBe(8333);
    }

    [Fact]
    public async Task A_service_that_chooses_anew_does_not_come_back_to_a_port_that_it_just_left()
    {
        var pool = new PortPool("two", 20000, 20001);
        var asked = new PortRequest { Node = Node, Service = "edge", Pool = pool, Mode = AllocationMode.Random, Fresh = true };
        var first = (await _book.GrantAsync(asked, IPAddress.Loopback, PortObservation.None)).Lease!;
        await _book.ReleaseAsync(first, "It moved.", "test");

        for (var i = 0; i < 20; i++)
        {
            var next = (await _book.GrantAsync(asked with { Service = "edge-overlap" }, IPAddress.Loopback, PortObservation.None)).Lease!;
            next.Port.ShouldNotBe(first.Port);
        }
    }

    [Fact]
    public async Task The_port_that_the_service_has_is_not_given_to_it_a_second_time()
    {
        await GrantAsync("push", 8333);

        (await _book.GrantAsync(Wanting(Overlap, 8333), IPAddress.Loopback, PortObservation.None)).Lease.ShouldBeNull();
    }

    [Fact]
    public async Task Both_ports_are_the_services_own_to_a_packet_filter()
        => LeasedPort.Of(await GrantAsync(Overlap, 8334)).Service.ShouldBe("push");

    [Fact]
    public void A_name_that_leaves_no_room_is_refused()
    {
        PortSuccession.OverlapName(new string('a', PortSuccession.MaxServiceLength)).Length.ShouldBe(NodeName.MaxLength);
        Should.Throw<FaultException>(() => PortSuccession.OverlapName(new string('a', PortSuccession.MaxServiceLength + 1))).Fault.Is(PortFault.RequestInvalid).ShouldBeTrue();
    }

    private static PortRequest Wanting(string service, int port) => new() { Node = Node, Service = service, WantedPort = port };

    private async Task<PortLease> GrantAsync(string service, int port)
        => (await _book.GrantAsync(Wanting(service, port), IPAddress.Loopback, PortObservation.None)).Lease!;

    private IEnumerable<(string, int)> Leases() => _book.Leases().Select(static lease => (lease.Service, lease.Port));
}
