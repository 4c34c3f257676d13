using BenchmarkDotNet.Attributes;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Benchmarks.Ports;

/// <summary>One decision of the allocator, with all standing rules in force.</summary>
[MemoryDiagnoser]
public class PortAllocatorBenchmarks
{
    private PortSituation _situation = null!;
    private PortSituation _crowded = null!;
    private PortRequest _pool80 = null!;
    private PortRequest _everyPort = null!;
    private PortRequest _wanted = null!;

    [GlobalSetup]
    public void Setup()
    {
        var leased = PortSet.Of(Enumerable.Range(0, 40).Select(i => DefaultPorts.Edges.First + (2 * i)));
        _situation = Situation(leased);
        _crowded = Situation(PortSet.Range(1, 65534));
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
    public PortDecision Every65535Ports() => PortAllocator.Decide(_everyPort, _situation);

    [Benchmark]
    public PortDecision Every65535PortsOneFree() => PortAllocator.Decide(_everyPort, _crowded);

    private static PortSituation Situation(PortSet leased) => new(
        PortProtocol.Tcp,
        [
            new PortConstraint(PortRule.Leased, PortEffect.Veto, leased, "is leased to another service"),
            ForbiddenPorts.Constraint(PortProtocol.Tcp),
            BrowserBlockedPorts.Constraint,
            EphemeralRange.LinuxDefault.PrivilegedConstraint(),
            EphemeralRange.LinuxDefault.EphemeralConstraint(),
        ]);
}
