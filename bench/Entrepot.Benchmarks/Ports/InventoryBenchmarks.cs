using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Benchmarks.Ports;

/// <summary>What watching costs with a thousand listeners on the host: a look at which nothing changed, and a look at everything.</summary>
[MemoryDiagnoser]
public class InventoryBenchmarks
{
    private const int Count = 1_000;
    private readonly List<Socket> _sockets = [];
    private readonly IPortInventory _inventory = new ListeningSockets();

    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < Count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            socket.Bind(new IPEndPoint(new IPAddress([127, 78, (byte)(i >> 8), (byte)i]), 0));
            socket.Listen(1);
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _sockets.ForEach(static socket => socket.Dispose());

    [Benchmark(Baseline = true)]
    public int LookForChanges() => PortProtocols.All.Sum(protocol => _inventory.Listeners(protocol).Count);

    [Benchmark]
    public int LookAtEverything() => _inventory.Survey().Count;
}
