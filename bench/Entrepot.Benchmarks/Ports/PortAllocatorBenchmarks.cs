using BenchmarkDotNet.Attributes;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Benchmarks.Ports;

/// <summary>One decision of the allocator, with all standing rules in force; once by the stable order alone, once with evidence for all
/// twelve factors.</summary>
[MemoryDiagnoser]
public class PortAllocatorBenchmarks
{
    private PortSituation _situation = null!;
    private PortSituation _crowded = null!;
    private PortSituation _scored = null!;
    private PortSituation _scoredCrowded = null!;
    private PortRequest _pool80 = null!;
    private PortRequest _everyPort = null!;
    private PortRequest _wanted = null!;

    [GlobalSetup]
    public void Setup()
    {
        var leased = PortSet.Of(Enumerable.Range(0, 40).Select(static i => DefaultPorts.Edges.First + (2 * i)));
        _situation = Situation(leased);
        _crowded = Situation(PortSet.Range(1, 65534));
        _scored = _situation with { Evidence = Evidence(leased) };
        _scoredCrowded = _crowded with { Evidence = Evidence(leased) };
        var node = NodeName.Parse("n1");
        _pool80 = DefaultPorts.EdgeRequest(node, "edge-1");
        _everyPort = _pool80 with { Pool = new PortPool("every", 1, 65535), EmergencyPort = null };
        _wanted = DefaultPorts.Request(node, DefaultPorts.Push);
    }

    [Benchmark(Baseline = true)]
    public PortDecision WantedAndFree() => PortAllocator.Decide(_wanted, _situation);

    [Benchmark]
    public PortDecision PoolOf80HalfLeased() => PortAllocator.Decide(_pool80, _situation);

    [Benchmark]
    public PortDecision PoolOf80HalfLeasedTwelveFactors() => PortAllocator.Decide(_pool80, _scored);

    [Benchmark]
    public PortDecision PoolOf80BlockOfFourTwelveFactors() => PortAllocator.Decide(_pool80 with { Ports = 4 }, _scored);

    [Benchmark]
    public PortDecision Every65535Ports() => PortAllocator.Decide(_everyPort, _situation);

    [Benchmark]
    public PortDecision Every65535PortsTwelveFactors() => PortAllocator.Decide(_everyPort, _scored);

    [Benchmark]
    public PortDecision Every65535PortsOneFree() => PortAllocator.Decide(_everyPort, _crowded);

    [Benchmark]
    public PortDecision Every65535PortsOneFreeTwelveFactors() => PortAllocator.Decide(_everyPort, _scoredCrowded);

    private static PortSituation Situation(PortSet leased) => new(
        PortProtocol.Tcp,
        [
            new PortConstraint(PortRule.Leased, PortEffect.Veto, leased, "is leased to another service"),
            ForbiddenPorts.Constraint(PortProtocol.Tcp),
            BrowserBlockedPorts.Constraint,
            EphemeralRange.LinuxDefault.PrivilegedConstraint(),
            EphemeralRange.LinuxDefault.EphemeralConstraint(),
        ]);

    private static PortEvidence Evidence(PortSet leased) => PortEvidence.None with
    {
        Profile = PolicyProfile.Public,
        Permitted = PortSet.Range(20000, 29999).Union(PortSet.Range(54321, 54400)),
        Blocked = PortSet.Range(1, 1023),
        Siblings = PortSet.Of(54330),
        Peers = PortSet.Of(54331, 54332, 54340),
        Topology = new PortTopology(TopologyShape.Tree, PortSet.Of(54350), PortSet.Range(54351, 54360)),
        Paths = new PortPaths(Enumerable.Range(0, 200).Select(static i
            => KeyValuePair.Create(54300 + i, new PathMeasure(TimeSpan.FromMilliseconds(1 + i), 1e6 * (1 + i), i / 2000.0)))),
        Occupied = leased,
        Past = new PortHistory(Enumerable.Range(0, 500).Select(static i => KeyValuePair.Create(54000 + i, new PortPast(i % 4, i % 7, i % 5)))),
    };
}
