using System.Globalization;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class RuleCompilerTests
{
    private static readonly NodeName Node = NodeName.Parse("hall-a");

    [Fact]
    public void A_fixed_port_becomes_a_door_with_its_ways_in_and_limits()
    {
        var service = TestRules.Service("web", 8443, "10.0.0.0/8") with { Rate = new AccessRate(100, TimeSpan.FromHours(1)), Connections = 50, ConnectionsPerSource = 5, Ports = 3 };

        var door = Compile([service]).Require().Doors.ShouldHaveSingleItem();

        (door.Service, door.First, door.Last, door.Rate, door.Connections, door.ConnectionsPerSource).ShouldBe(("web", 8443, 8445, service.Rate, 50, 5));
        door.Ways.ShouldHaveSingleItem().Networks.ShouldBe([IPNetwork.Parse("10.0.0.0/8")]);
    }

    [Fact]
    public void A_leased_port_becomes_a_door_and_a_rotating_service_has_one_for_each_lease()
        => Compile(
                [TestRules.Service("edge", null, "10.0.0.0/8")],
                [new LeasedPort(Node, "edge", PortProtocol.Tcp, 54400), new LeasedPort(Node, "edge", PortProtocol.Tcp, 54321), new LeasedPort(Node, "edge", PortProtocol.Udp, 1)])
            .Require().Doors.Select(static door => door.First).ShouldBe([54321, 54400]);

    [Fact]
    public void Every_service_without_its_lease_is_told_at_once_and_no_port_is_invented()
    {
        var compiled = Compile(
            [TestRules.Service("a", null), TestRules.Service("b", null), TestRules.Service("c", 80)],
            [new LeasedPort(NodeName.Parse("hall-b"), "a", PortProtocol.Tcp, 54321)]);

        compiled.Model.ShouldBeNull();
        compiled.Faults.Length.ShouldBe(2);
        compiled.Faults.ShouldAllBe(static fault => fault.Is(FirewallFault.ServiceUnleased));
        Should.Throw<FaultException>(compiled.Require).Message.ShouldContain("'b' takes its tcp port from pool 'edges'");
    }

    [Fact]
    public void A_declaration_that_ended_keeps_its_door_closed_and_says_so()
    {
        var compiled = Compile([TestRules.Service("old", 9000, "10.0.0.0/8") with { Expires = TestRules.Now }]);

        compiled.Require().Doors.ShouldHaveSingleItem().Ways.ShouldBeEmpty();
        compiled.Remarks.ShouldHaveSingleItem().ShouldBe("The declaration of 'old' ended on 2026-05-01 12:00Z: its door stays closed.");
        Compile([TestRules.Service("old", 9000, "10.0.0.0/8") with { Expires = TestRules.Now.AddTicks(1) }]).Require().Doors[0].Ways.Length.ShouldBe(1);
    }

    [Fact]
    public void A_declaration_that_ended_before_it_had_a_lease_needs_none()
        => Compile([TestRules.Service("old", null, "10.0.0.0/8") with { Expires = TestRules.Now }]).Require().Doors.ShouldBeEmpty();

    [Fact]
    public void Services_of_other_nodes_and_sites_are_passed_over()
        => Compile(
        [
            TestRules.Service("here", 1) with { Placement = new Placement(Node, null) },
            TestRules.Service("there", 2) with { Placement = new Placement(NodeName.Parse("hall-b"), null) },
            TestRules.Service("site", 3) with { Placement = new Placement(null, "east") },
            TestRules.Service("elsewhere", 4) with { Placement = new Placement(null, "west") },
        ]).Require().Doors.Select(static door => door.Service).ShouldBe(["here", "site"]);

    [Fact]
    public void Two_services_on_one_port_are_refused_but_protocols_are_apart()
    {
        var fault = Compile([TestRules.Service("wide", 100) with { Ports = 50 }, TestRules.Service("mid", 110), TestRules.Service("late", 149)]).Faults;
        fault.Select(static f => f.Message).ShouldBe(
            ["'wide' and 'mid' both have tcp/110 on node 'hall-a'.", "'wide' and 'late' both have tcp/149 on node 'hall-a'."]);

        Compile([TestRules.Service("t", 53), TestRules.Service("u", 53) with { Protocol = PortProtocol.Udp }]).Require().Doors.Length.ShouldBe(2);
    }

    [Fact]
    public void A_way_in_without_an_address_is_refused_instead_of_meaning_everybody()
        => Compile([TestRules.Service("web", 80) with { Allow = [new AccessGrant([], [], "zone dmz")] }]).Faults
            .ShouldHaveSingleItem().Message.ShouldBe("'zone dmz', which 'web' lets in, has no address.");

    [Fact]
    public void A_block_beyond_the_last_port_is_refused()
        => Compile([TestRules.Service("web", 65535) with { Ports = 2 }]).Faults.ShouldHaveSingleItem().Is(FirewallFault.BlockTooLong).ShouldBeTrue();

    [Fact]
    public void Ways_in_are_reduced_and_said_once()
    {
        var ways = Compile([TestRules.Service("web", 80) with
        {
            Allow = [TestRules.Way("10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16"), TestRules.Way("10.0.0.0/8"), TestRules.MacWay("02:00:00:00:00:01")],
        }]).Require().Doors[0].Ways;

        ways.Length.ShouldBe(2);
        ways[0].Networks.ShouldBe([IPNetwork.Parse("10.0.0.0/8")]);
    }

    [Fact]
    public void Openings_that_ended_are_dropped_and_the_others_stay_openings()
    {
        var live = TestRules.Opening(2, 80, "10.0.0.7/32", TimeSpan.FromMinutes(1));

        var model = RuleCompiler.Compile(Of([]), Node, "east", [], [live, TestRules.Opening(1, 80, "10.0.0.8/32", TimeSpan.Zero)], TestRules.Now).Require();

        model.Openings.ShouldBe([live]);
        model.Doors.ShouldBeEmpty();
    }

    [Fact]
    public void Two_thousand_services_compile_and_the_last_conflict_among_them_is_found()
    {
        var services = Enumerable.Range(0, 2000)
            .Select(static i => TestRules.Service(string.Create(CultureInfo.InvariantCulture, $"s{i}"), 1000 + (i * 10), "10.0.0.0/8", "fd00::/8") with { Ports = 5 });
        Compile([.. services]).Require().Doors.Length.ShouldBe(2000);
        Compile([.. services, TestRules.Service("late", 1000 + (1999 * 10) + 4)]).Faults.ShouldHaveSingleItem().Message.ShouldContain("'s1999' and 'late'");
    }

    private static CompiledRules Compile(ServiceDeclaration[] services, params LeasedPort[] leases)
        => RuleCompiler.Compile(Of(services), Node, "east", leases, [], TestRules.Now);

    private static Portfile Of(ServiceDeclaration[] services) => new()
    {
        Pools = [new PoolDeclaration(Placement.Everywhere, new PortPool("edges", 54321, 54400), 0.3)],
        Services = [.. services],
    };
}
