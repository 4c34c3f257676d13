using Entrepot.Core.Identities;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>Says how full the pools of a node are, and remembers it for forecasts.</summary>
public sealed class PoolWatch
{
    /// <summary>For how long samples are kept: a quarter, the longest rhythm in which somebody looks at capacity.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(92);

    /// <summary>Least time between two samples.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly PortBook _book;
    private readonly IPortInventory _inventory;
    private readonly NodeName _node;
    private readonly IPoolForecast _forecast;

    /// <summary>Makes the watch.</summary>
    /// <param name="book">Where leases are kept.</param>
    /// <param name="inventory">What the host says of its ports.</param>
    /// <param name="node">The node that this host is.</param>
    /// <param name="forecast">How the date is told on which a pool is full; null for a straight line.</param>
    public PoolWatch(PortBook book, IPortInventory inventory, NodeName node, IPoolForecast? forecast = null)
        => (_book, _inventory, _node, _forecast) = (book, inventory, node, forecast ?? new StraightLineForecast());

    /// <summary>Every pool: for TCP, and for each other transport of which it has a lease.</summary>
    public IReadOnlyList<PoolUsage> Read()
    {
        var policy = _book.Policy;
        var usages = new List<PoolUsage>();
        var leases = _book.Leases().Where(lease => lease.Node == _node).ToList();
        foreach (var protocol in PortProtocols.All)
        {
            var pools = policy.Pools.Where(pool => protocol == PortProtocol.Tcp || leases.Exists(lease => lease.Protocol == protocol && pool.Contains(lease.Port))).ToList();
            if (pools.Count == 0)
                continue;
            var situation = _book.Situation(_node, protocol, new PortObservation([.. _inventory.Sockets(protocol).Where(static socket => socket.Listening)], _inventory.EphemeralRange()));
            foreach (var pool in pools)
            {
                var usage = PoolUsage.Of(pool, situation, policy.SpareShareOf(pool), new PoolForecast(PoolOutlook.NotEnoughData, 0, null, null, null, ""));
                var history = UsageTable.Read(_book.State, _node, Key(usage));
                usages.Add(usage with { Forecast = _forecast.Forecast([.. history, new PoolSample(_book.Now, usage.Used)], pool.Size, _book.Now) });
            }
        }

        return usages;
    }

    /// <summary>Remembers how full the pools are, at most once in an <see cref="Interval"/>.</summary>
    /// <returns>What <see cref="Read"/> found.</returns>
    public async Task<IReadOnlyList<PoolUsage>> SampleAsync(CancellationToken cancellation)
    {
        var usages = Read();
        var now = _book.Now;
        foreach (var usage in usages)
        {
            if (UsageTable.Newest(_book.State, _node, Key(usage)) is not { } newest || now - newest >= Interval)
                await _book.State.WriteAsync(transaction => UsageTable.Put(transaction, _node, Key(usage), now, usage.Used, now - Kept), cancellation);
        }

        return usages;
    }

    private static string Key(PoolUsage usage) => $"{usage.Pool}/{usage.Protocol}";
}
