using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Api;
using Entrepot.Server.Evidence;
using Entrepot.Server.PortWatch;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Evidence;

public sealed class ObservedEvidenceTests : IAsyncDisposable
{
    private static readonly NodeName Here = NodeName.Parse("cache-1");
    private static readonly PortRequest Edge = DefaultPorts.EdgeRequest(Here, "cache-1");

    private readonly FakeTimeProvider _time = new();
    private readonly List<NodeDocument> _nodes = [];
    private readonly List<PortLease> _leases = [];
    private readonly List<ReachReport> _reach = [];
    private KeptReading.Kept? _permitted;
    private DateTimeOffset? _toldAt;
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-evidence-").FullName;
    private readonly StateDatabase _state;

    public ObservedEvidenceTests() => _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_node_that_has_observed_nothing_says_so_for_every_factor_and_gives_neutral_scores()
    {
        var evidence = Fresh().For(Here, PortProtocol.Tcp, Edge);
        evidence.Permitted.ShouldBeNull();
        evidence.Topology.ShouldBeNull();
        evidence.Unknown.Keys.ShouldBe(ObservedEvidence.Factors, ignoreOrder: true);
        Scores(evidence, 54330).Where(score => ObservedEvidence.Factors.Contains(score.Factor)).ShouldAllBe(static score => !score.Known && score.Text.Length > 0);
        Scores(evidence, 54330).Single(static score => score.Factor == PortFactor.Topology).Text.ShouldBe("the other nodes are not known yet");
    }

    [Fact]
    public void What_the_packet_filter_lets_through_is_told_for_each_transport()
    {
        _permitted = new(new PermittedReading(null, null) { Open = static protocol => protocol == PortProtocol.Tcp ? PortSet.Range(54340, 54350) : PortSet.Empty }, _time.GetUtcNow());
        var evidence = Fresh();
        var tcp = evidence.For(Here, PortProtocol.Tcp, Edge);
        tcp.Permitted!.Contains(54345).ShouldBeTrue();
        tcp.Blocked!.Contains(54351).ShouldBeTrue();
        tcp.Blocked.Contains(54345).ShouldBeFalse();
        evidence.For(Here, PortProtocol.Udp, Edge with { Protocol = PortProtocol.Udp }).Blocked!.Contains(54345).ShouldBeTrue();
    }

    [Fact]
    public void What_is_too_old_says_nothing_and_its_age_is_told()
    {
        _permitted = new(new PermittedReading(null, null) { Open = static _ => PortSet.Full }, _time.GetUtcNow());
        Tell(Node("cache-2", "http://10.0.0.2:54322"));
        _time.Advance(EvidenceSnapshot.Lifetime + TimeSpan.FromMinutes(1));
        var evidence = Fresh();
        var known = evidence.For(Here, PortProtocol.Tcp, Edge);
        known.Permitted.ShouldBeNull();
        known.Peers.IsEmpty.ShouldBeTrue();
        known.Unknown[PortFactor.FirewallAgreement].ShouldBe("the firewall's rules were last read 3 minutes ago");
        known.Unknown[PortFactor.Topology].ShouldBe("the other nodes were last heard of 3 minutes ago");

        _permitted = new(_permitted.Reading, _time.GetUtcNow());
        evidence.Refresh();
        evidence.For(Here, PortProtocol.Tcp, Edge).Permitted.ShouldNotBeNull();
        _time.Advance(EvidenceSnapshot.Lifetime + TimeSpan.FromSeconds(1));
        evidence.For(Here, PortProtocol.Tcp, Edge).Unknown[PortFactor.FirewallAgreement].ShouldBe("the node has not looked lately");
    }

    [Fact]
    public void Edges_of_other_nodes_are_peers_of_an_edge_and_those_on_the_origins_host_are_the_hub()
    {
        Tell(
            Node("cache-1", "http://10.0.0.1:54321"), Node("edge-1", "http://10.0.0.9:54330"), Node("cache-2", "http://10.0.0.2:54340"),
            Node("cache-3", "http://10.0.0.3:54341") with { State = "out" });
        var evidence = Fresh("cache-1");
        var known = evidence.For(Here, PortProtocol.Tcp, Edge);
        Members(known.Peers).ShouldBe([54330, 54340]);
        known.Topology!.Shape.ShouldBe(TopologyShape.Star);
        Members(known.Topology.Near).ShouldBe([54330]);
        Members(known.Topology.Far).ShouldBe([54340]);
        Scores(known, 54330).Single(static score => score.Factor == PortFactor.Topology).Text.ShouldBe("the hub has it");
        Scores(known, 54340).Single(static score => score.Factor == PortFactor.LoadBalancing).Text.ShouldBe("the same number on other nodes");

        var other = evidence.For(Here, PortProtocol.Tcp, DefaultPorts.Request(Here, DefaultPorts.Metadata));
        other.Peers.IsEmpty.ShouldBeTrue();
        other.Unknown[PortFactor.Topology].ShouldBe("no other node tells of a service of the kind 'metadata'");
    }

    [Fact]
    public async Task Other_edges_of_this_node_and_the_other_transports_of_a_service_are_siblings_but_never_its_own_port()
    {
        var book = new PortBook(_state, PortPolicy.Default, _time);
        await LeaseAsync(DefaultPorts.EdgeRequest(Here, "edge-1") with { WantedPort = 54330 });
        await LeaseAsync(DefaultPorts.EdgeRequest(Here, "edge-2") with { WantedPort = 54331 });
        await LeaseAsync(new PortRequest { Node = Here, Service = "dns", WantedPort = 5300 });
        await LeaseAsync(new PortRequest { Node = Here, Service = "dns", Protocol = PortProtocol.Udp, WantedPort = 5301 });

        var evidence = Fresh();
        Members(evidence.For(Here, PortProtocol.Tcp, DefaultPorts.EdgeRequest(Here, "edge-1")).Siblings).ShouldBe([54331]);
        Members(evidence.For(Here, PortProtocol.Tcp, new PortRequest { Node = Here, Service = "dns" }).Siblings).ShouldBe([5301]);

        async Task LeaseAsync(PortRequest request)
            => _leases.Add((await book.GrantAsync(request, IPAddress.Any, PortObservation.None, TestContext.Current.CancellationToken)).Lease!);
    }

    [Fact]
    public void Probes_of_other_machines_give_latency_and_after_enough_tries_loss_and_those_of_this_machine_give_none()
    {
        var slow = new ProbeResult(Reach.Open, 1, 2, "") { Latency = TimeSpan.FromMilliseconds(40), Lost = 0 };
        var tally = Enumerable.Repeat(slow with { Tries = 4, Lost = 1 }, 4).Aggregate(PathTally.None, static (tally, result) => tally.With(result));
        _reach.Add(Report(54321, slow, sameMachine: false));
        _reach.Add(Report(54322, slow, sameMachine: true));
        _reach.Add(Report(54323, slow, sameMachine: false) with { Path = tally });
        var known = Fresh().For(Here, PortProtocol.Tcp, Edge);
        known.Paths[54321].ShouldBe(new PathMeasure(TimeSpan.FromMilliseconds(40), null, null));
        known.Paths[54322].ShouldBeNull();
        known.Paths[54323]!.Loss.ShouldBe(0.25);
        known.Unknown.ShouldContainKey(PortFactor.Throughput);
        known.Unknown.ShouldNotContainKey(PortFactor.Latency);
    }

    [Fact]
    public void A_random_choice_takes_no_evidence_that_would_bring_it_back_to_ports_in_use()
    {
        _permitted = new(new PermittedReading(null, null) { Open = static _ => PortSet.Of(54330) }, _time.GetUtcNow());
        Tell(Node("cache-2", "http://10.0.0.2:54340"));
        var known = Fresh().For(Here, PortProtocol.Tcp, Edge with { Mode = AllocationMode.Random });
        known.Permitted.ShouldBeNull();
        known.Peers.IsEmpty.ShouldBeTrue();
        known.Topology.ShouldBeNull();
    }

    [Fact]
    public async Task The_port_book_decides_by_what_the_node_has_observed()
    {
        var book = new PortBook(_state, PortPolicy.Default, _time);
        _permitted = new(new PermittedReading(null, null) { Open = static _ => PortSet.Of(54377) }, _time.GetUtcNow());
        book.Evidence = Fresh();
        var grant = await book.GrantAsync(Edge, IPAddress.Any, PortObservation.None, TestContext.Current.CancellationToken);
        grant.Lease!.Port.ShouldBe(54377);
        grant.Decision.Scores.Single(static score => score.Factor == PortFactor.FirewallAgreement).Text.ShouldBe("let through already");
    }

    private static IReadOnlyList<PortScore> Scores(PortEvidence evidence, int port) => new PortScores(Edge, evidence).Of(port);

    private static IEnumerable<int> Members(PortSet ports) => Enumerable.Range(0, PortSet.MaxPort + 1).Where(ports.Contains);

    private static ReachReport Report(int port, ProbeResult result, bool sameMachine)
        => new(Here, PortProtocol.Tcp, port, "cache-2", sameMachine, result, DateTimeOffset.UnixEpoch);

    private static NodeDocument Node(string name, string url)
        => new(new HeartbeatRequest(name, "paris", url, "1", "x", 0, 0, 0, 0, 0, 0, false), DateTimeOffset.UnixEpoch, "healthy", "x");

    private void Tell(params NodeDocument[] nodes)
    {
        _nodes.AddRange(nodes);
        _toldAt = _time.GetUtcNow();
    }

    private ObservedEvidence Fresh(params string[] own)
    {
        var evidence = new ObservedEvidence(
            Here,
            new EvidenceSources
            {
                Permitted = () => _permitted,
                Own = () => [.. own.Select(static node => new SurfaceDocument("edge", node, "http://10.0.0.1:54321", 54321, "public", "x"))],
                Nodes = () => _toldAt is { } at ? (_nodes, at) : null,
                Hub = "10.0.0.9",
                Leases = () => _leases,
                Reach = () => _reach,
                Excluded = static _ => PortSet.Empty,
            },
            _time);
        evidence.Refresh();
        return evidence;
    }
}
