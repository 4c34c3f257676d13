using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Pools;

public sealed class HardRuleTests
{
    private static readonly PortRequest Edge = new() { Node = NodeName.Parse("n1"), Service = "edge-1", Pool = DefaultPorts.Edges };

    [Theory]
    [InlineData(30000, 32767, "30000-30085")]
    [InlineData(30000, 30019, "30000-30015")]
    [InlineData(20000, 60000, "20000-20127")]
    [InlineData(30000, 30003, "30000-30003")]
    public void The_static_band_of_node_ports_is_that_of_KEP_3668(int first, int last, string band)
        => new NodePortRange(first, last).StaticBand.ToString().ShouldBe(band);

    [Fact]
    public void Only_a_Kubernetes_node_keeps_services_from_the_static_band_of_its_node_ports()
    {
        var request = Edge with { Pool = null, WantedPort = 30010 };
        Decide(request, PortPolicy.Default).Port.ShouldBe(30010);
        Decide(request, PortPolicy.Default with { NodePorts = NodePortRange.Default }).Reason
            .ShouldBe("No port is left: 30010 is in the static band of the Kubernetes node ports (30000–30085).");
        Decide(request with { WantedPort = 31000 }, PortPolicy.Default with { NodePorts = NodePortRange.Default }).Warnings.Single().Rule.ShouldBe(PortRule.NodePort);
    }

    [Fact]
    public void The_ephemeral_range_is_a_warning_unless_the_request_or_a_regulated_profile_refuses_it()
    {
        Decide(Edge, PortPolicy.Default).Warnings.Single().Rule.ShouldBe(PortRule.Ephemeral);
        Decide(Edge with { Ephemeral = EphemeralUse.Refuse }, PortPolicy.Default).Reason.ShouldContain("80 in the range for outgoing connections");
        var regulated = PortPolicy.Default with { Profile = PolicyProfile.Regulated };
        Decide(Edge, regulated).Port.ShouldBeNull();
        Decide(Edge with { Ephemeral = EphemeralUse.Tell }, regulated).Port.ShouldNotBeNull();
        var reserved = EphemeralRange.LinuxDefault with { Reserved = DefaultPorts.Edges.Ports };
        Decide(Edge, regulated, PortObservation.None with { Ephemeral = reserved }).Port.ShouldNotBeNull();
    }

    [Theory]
    [InlineData(8333, true)]
    [InlineData(50000, false)]  // Dynamic Port
    [InlineData(40000, false)]  // in the host's range
    public void Without_dynamic_ports_a_service_gets_the_port_that_it_names_and_no_other(int wanted, bool granted)
    {
        var policy = PortPolicy.Default with { DynamicPorts = DynamicPortRule.Forbid };
        var request = Edge with { WantedPort = wanted, Pool = new PortPool("p", 20000, 20009) };
        Decide(request, policy).Port.ShouldBe(granted ? wanted : null);
    }

    [Fact]
    public void Without_dynamic_ports_nobody_is_served_from_a_pool_but_a_named_emergency_port_may_serve()
    {
        var policy = PortPolicy.Default with { DynamicPorts = DynamicPortRule.Forbid };
        var pooled = Edge with { Pool = new PortPool("p", 20000, 20009) };
        Decide(pooled, policy).Reason.ShouldContain("10 against the policy");
        Decide(pooled with { EmergencyPort = 8444 }, policy).Port.ShouldBe(8444);
        Decide(pooled with { EmergencyPort = 60000 }, policy).Port.ShouldBeNull();
    }

    [Fact]
    public void Bounded_pools_are_small_and_outside_of_the_ephemeral_range()
    {
        var policy = PortPolicy.Default with { DynamicPorts = DynamicPortRule.Bounded };
        Decide(Edge, policy).Port.ShouldBeNull();
        Decide(Edge with { Pool = new PortPool("p", 20000, 20127) }, policy).Port.ShouldNotBeNull();
        Decide(Edge with { Pool = new PortPool("p", 20000, 20128) }, policy).Reason.ShouldContain("129 against the policy");
        var reserved = PortObservation.None with { Ephemeral = EphemeralRange.LinuxDefault with { Reserved = DefaultPorts.Edges.Ports } };
        Decide(Edge, policy, reserved).Port.ShouldBeNull();
    }

    [Fact]
    public void Ports_that_Windows_keeps_are_not_given()
    {
        var observed = PortObservation.None with { Excluded = PortSet.Range(54321, 54399) };
        Decide(Edge, PortPolicy.Default, observed).Port.ShouldBe(54400);
        Decide(Edge with { Pool = null, WantedPort = 54321 }, PortPolicy.Default, observed).Reason.ShouldContain("Windows excludes");
    }

    private static PortDecision Decide(PortRequest request, PortPolicy policy, PortObservation? observed = null)
        => PortAllocator.Decide(request, SituationAssembler.Assemble(PortProtocol.Tcp, request, new NumberSpace([], [], []), policy, observed ?? PortObservation.None, DateTimeOffset.UnixEpoch));
}
