using System.Net;
using BenchmarkDotNet.Attributes;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;

namespace Entrepot.Benchmarks.Routing;

/// <summary>The choice of an edge, which every download pays once.</summary>
[MemoryDiagnoser]
public class EdgeSelectorBenchmarks
{
    private EdgeState[] _edges = [];
    private int[] _assigned = [];
    private SiteMap _sites = SiteMap.Empty;
    private SelectionRequest _request;

    [Params(2, 20, 1000)]
    public int Edges { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _edges = [.. Enumerable.Range(0, Edges).Select(static i =>
            new EdgeState(NodeName.Parse($"edge-{i}"), $"http://edge-{i}.example:54321", [$"site-{i % 8}"])
            {
                Condition = i % 10 == 9 ? EdgeCondition.Out : EdgeCondition.Healthy, ActiveTransfers = i % 5, CacheBytes = 1L << 34,
            })];
        _assigned = new int[Edges];
        _sites = new SiteMap(Enumerable.Range(0, 200).Select(static i => new SiteRule(new IPNetwork(new IPAddress([10, (byte)i, 0, 0]), 16), $"site-{i % 8}")));
        _request = new SelectionRequest(IPAddress.Parse("10.3.4.5"), Sha256Digest.Of("disk.img"u8), 1 << 30);
    }

    [Benchmark]
    public Selection Select() => EdgeSelector.Select(_request, _edges, _assigned, _sites, Options);

    private static SelectionOptions Options { get; } = new();
}
