using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Truth;

namespace Entrepot.Tests.Ports.Truth;

public sealed class DeclaredPortsTests
{
    private static readonly PortLease Lease = new(
        NodeName.Parse("a"), "push", PortProtocol.Tcp, IPAddress.Loopback, 8333, 8333, 7, DateTimeOffset.UnixEpoch, PortLeaseState.Bound, "x", "x");

    private static readonly ServiceDeclaration Web = new()
    {
        Name = "web", Owner = "me", Purpose = "pages", Port = 443, Ports = 2, Process = new ExpectedProcess("www-data", null, null),
        Allow = [new AccessGrant([IPNetwork.Parse("10.0.0.0/8")], [], "10.0.0.0/8")],
    };

    [Fact]
    public void Leases_of_the_node_are_its_processs_and_those_of_the_portfile_their_owners()
    {
        var ports = DeclaredPorts.Of([Lease, Lease with { Service = "web", Port = 443, Generation = 8 }], [Web, Web with { Name = "push" }], new HashSet<string> { "push" }, 12);
        ports.Select(port => (port.Service, port.Port, port.Origin, port.Local, port.Owner.ProcessId, port.Owner.Process?.User)).ShouldBe(
        [
            ("push", 8333, "lease 7", true, 12, null), ("web", 443, "lease 8", false, null, "www-data"), ("web", 444, "lease 8", false, null, "www-data"),
        ]);
    }

    [Fact]
    public void A_service_that_names_its_port_is_declared_without_a_lease_as_well()
        => DeclaredPorts.Of([], [Web with { Ports = 1, Allow = [] }, Web with { Name = "pooled", Port = null, Pool = "p" }], new HashSet<string>(), 12)
            .ShouldHaveSingleItem().ShouldSatisfyAllConditions(port => port.Origin.ShouldBe("portfile"), port => port.Local.ShouldBeTrue());
}
