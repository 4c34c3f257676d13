using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Ports.Truth;
using Entrepot.Server.Api;
using Entrepot.Server.Nodes;
using Entrepot.Server.PortWatch;
using Entrepot.Tests.Ports.Allocation;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.PortWatch;

public sealed class ReachReportsTests
{
    private static readonly SurfaceDocument Metadata = new("metadata", "origin", "http://10.0.0.1:3000", 3000, "public", "x");
    private static readonly SurfaceDocument Edge = new("edge", "edge-1", "http://10.0.0.1:54321", 54321, "public", "x");
    private static readonly ProbeReport Probe = new("origin", "tcp", 3000, Reach.Open, 1, 2, false);
    private static readonly HeartbeatRequest Beat = new("cache-1", "paris", "http://10.0.0.9:54321", "1", "x", 0, 0, 0, 0, 0, 0, false);

    [Fact]
    public void Only_ports_that_the_network_names_are_taken_in_and_those_of_edges_beside_this_node_are_its_own()
    {
        var reports = new ReachReports(
            new ReachBoard(new FakeTimeProvider(), TimeSpan.FromMinutes(5)), () => ProbeTargets.Of(new NetworkDocument("1", "origin", [Metadata, Edge]), [Metadata, Edge], NodeName.Parse("origin"), [], []), NodeName.Parse("origin"), () => [Metadata, Edge], new FakeTimeProvider());
        reports.Accept(Beat with { Probes = [Probe, Probe with { Port = 22 }, Probe with { Node = "edge-1", Port = 54321, Reach = Reach.Filtered }] });
        reports.Accept(Beat with { Node = "cache-2" });

        reports.Here.Select(report => (report.Port, report.Vantage, report.Result.Reach)).ShouldBe([(3000, "cache-1", Reach.Open), (54321, "cache-1", Reach.Filtered)]);
        reports.Documents.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("origin", "tcp", 3000, 1, true)]
    [InlineData("no node!", "tcp", 3000, 1, false)]
    [InlineData("origin", "icmp", 3000, 1, false)]
    [InlineData("origin", "tcp", 0, 1, false)]
    [InlineData("origin", "tcp", 65536, 1, false)]
    [InlineData("origin", "tcp", 3000, 1.5, false)]
    [InlineData("origin", "tcp", 3000, double.NaN, false)]
    public void Reports_are_checked_as_any_other_input(string node, string protocol, int port, double confidence, bool good)
        => (HeartbeatRules.Check(Beat with { Probes = [new ProbeReport(node, protocol, port, Reach.Open, confidence, 2, false)] }) is null).ShouldBe(good);

    [Theory]
    [InlineData(0.4, 1, true)]
    [InlineData(-1.0, 0, false)]
    [InlineData(double.NaN, 0, false)]
    [InlineData(double.PositiveInfinity, 0, false)]
    [InlineData(1.0, 3, false)]
    [InlineData(1.0, -1, false)]
    public void Measurements_are_checked_as_well(double latency, int lost, bool good)
        => (HeartbeatRules.Check(Beat with { Probes = [Probe with { LatencyMs = latency, Lost = lost }] }) is null).ShouldBe(good);

    [Fact]
    public void A_flood_of_reports_is_refused()
        => HeartbeatRules.Check(Beat with { Probes = [.. Enumerable.Repeat(Probe, ReachReports.MaxOfBeat + 1)] }).ShouldNotBeNull();

    [Fact]
    public async Task A_node_tries_the_surfaces_of_others_and_never_a_loopback_address_of_another_machine()
    {
        using var listener = TestPorts.Stranger();
        var surface = new ProbeTargetDocument("origin", "tcp", "127.0.0.1", listener.Port());
        var prober = new PortProber(new SocketProbe(TimeProvider.System));

        var near = new SurfaceProber(NodeName.Parse("cache-1"), new Uri("http://127.0.0.1:3000"), prober, TimeProvider.System);
        var report = (await near.RoundAsync([surface, surface with { Node = "cache-1" }], TestContext.Current.CancellationToken)).ShouldHaveSingleItem();
        report.ShouldBe(new ProbeReport("origin", "tcp", listener.Port(), Reach.Open, 1, 2, SameMachine: true) { LatencyMs = report.LatencyMs, Lost = 0 });
        report.LatencyMs.ShouldNotBeNull();
        var far = new SurfaceProber(NodeName.Parse("cache-1"), new Uri("http://10.0.0.1:3000"), prober, TimeProvider.System);
        (await far.RoundAsync([surface], TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    [Fact]
    public void What_is_declared_for_others_is_tried_by_the_address_of_the_node_and_what_is_local_is_not()
    {
        var web = new DeclaredPort("web", PortProtocol.Udp, 443, null, "portfile");
        ProbeTargets.Of(new NetworkDocument("1", "origin", [Metadata, Edge]), [Metadata], NodeName.Parse("origin"),
            [web, web with { Port = 5432, Local = true }, web with { Port = 54321, Protocol = PortProtocol.Tcp }, web with { Protocol = PortProtocol.Sctp }], [(PortProtocol.Tcp, 9100)]).ShouldBe(
        [
            new ProbeTargetDocument("origin", "tcp", "10.0.0.1", 3000), new ProbeTargetDocument("edge-1", "tcp", "10.0.0.1", 54321),
            new ProbeTargetDocument("origin", "udp", "10.0.0.1", 443), new ProbeTargetDocument("origin", "tcp", "10.0.0.1", 9100),
        ]);
        ProbeTargets.Of(new NetworkDocument("1", "origin", []), [], NodeName.Parse("origin"), [web], []).ShouldBeEmpty();
    }
}
