using System.Globalization;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>A range of ports on a node, and how they are given out.</summary>
public sealed record PortPool
{
    /// <summary>Makes a pool.</summary>
    /// <param name="name">What operators call it.</param>
    /// <param name="first">Lowest port, 1–65535.</param>
    /// <param name="last">Highest port, included; not below <paramref name="first"/>.</param>
    /// <param name="strategy">How its ports are given out.</param>
    /// <exception cref="ArgumentException">The name is blank, or the range is not one.</exception>
    public PortPool(string name, int first, int last, PoolStrategy strategy = PoolStrategy.Dynamic)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last, PortSet.MaxPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, last);
        (Name, First, Last, Strategy) = (name, first, last, strategy);
        Ports = PortSet.Range(first, last);
    }

    /// <summary>What operators call it.</summary>
    public string Name { get; }

    /// <summary>Lowest port.</summary>
    public int First { get; }

    /// <summary>Highest port, included.</summary>
    public int Last { get; }

    /// <summary>How its ports are given out.</summary>
    public PoolStrategy Strategy { get; }

    /// <summary>Every port of the pool.</summary>
    public PortSet Ports { get; }

    /// <summary>How many ports the pool has.</summary>
    public int Size => Last - First + 1;

    /// <summary>The pool's low band that a <see cref="PoolStrategy.Hybrid"/> pool spares for services that name their port:
    /// min(max(16, size / 32), 128) ports, and none in a pool of fewer than 16 (Kubernetes KEP-3668).</summary>
    public int StaticBand => Strategy switch
    {
        PoolStrategy.Static => Size,
        PoolStrategy.Hybrid when Size >= 16 => Math.Min(Math.Max(16, Size / 32), 128),
        _ => 0,
    };

    /// <summary>True when the port belongs to the pool.</summary>
    public bool Contains(int port) => port >= First && port <= Last;

    /// <summary>Name and range, for messages: <c>pool 'edges' (54321–54400)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pool '{Name}' ({First}–{Last})");

    /// <summary>The ranges from which a service that names no port is served, in order of preference. Adjacent ports may lie across
    /// both bands when neither has room.</summary>
    internal IEnumerable<(int First, int Last)> DynamicBands(int ports = 1)
    {
        if (Strategy == PoolStrategy.Static)
            yield break;
        if (First + StaticBand <= Last)
            yield return (First + StaticBand, Last);
        if (StaticBand > 0)
            yield return (First, First + StaticBand - 1);
        if (StaticBand > 0 && ports > 1)
            yield return (First, Last);
    }
}
