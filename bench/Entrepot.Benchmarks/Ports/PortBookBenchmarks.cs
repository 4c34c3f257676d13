using System.Net;
using BenchmarkDotNet.Attributes;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;

namespace Entrepot.Benchmarks.Ports;

/// <summary>Leases that are durable when they are answered: many services ask the port book at once, and their commits share one
/// transaction and one flush of the disk. A hundred nodes with a pool of 200 ports each, which is half full at the end; every lease is
/// decided with all rules and factors, and writes its row, its past and its line in the journal.</summary>
[MemoryDiagnoser]
public class PortBookBenchmarks
{
    /// <summary>Leases of one measurement.</summary>
    public const int Leases = 10_000;

    private const int Nodes = 100;

    private static readonly NodeName[] Names = [.. Enumerable.Range(0, Nodes).Select(static node => NodeName.Parse($"node-{node}"))];
    private static readonly PortPool Pool = new("edges", 20000, 20199);

    private string _folder = null!;
    private StateDatabase _state = null!;
    private PortBook _book = null!;

    [IterationSetup]
    public void Setup()
    {
        _folder = Directory.CreateTempSubdirectory("entrepot-bench-").FullName;
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new PortBook(_state, PortPolicy.Default, TimeProvider.System);
    }

    [IterationCleanup]
    public void Cleanup()
    {
        _state.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Leases)]
    public Task NewLeaseOf256Callers() => LeaseAsync(256, Leases);

    [Benchmark(OperationsPerInvoke = Leases / 10)]
    public Task NewLeaseOfOneCaller() => LeaseAsync(1, Leases / 10);

    private Task LeaseAsync(int callers, int leases) => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
    {
        for (var index = caller; index < leases; index += callers)
        {
            var grant = await _book.GrantAsync(new PortRequest { Node = Names[index % Nodes], Service = $"s{index}", Pool = Pool }, IPAddress.Loopback, PortObservation.None);
            if (grant.Lease is null)
                throw new InvalidOperationException(grant.Decision.Reason);
        }
    })));
}
