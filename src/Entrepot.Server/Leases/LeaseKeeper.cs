using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Leases;

/// <summary>The node's heart-beat for its leases: renews those of services that live or are declared, repairs leaks of the others, and
/// tells when a pool runs out, in the log and as a finding.</summary>
internal sealed class LeaseKeeper(
    PortBook book, IPortInventory inventory, FindingBook findings, NodeName node, Func<IReadOnlyCollection<string>> alive, TimeProvider time, ILogger logger)
{
    private readonly PoolWatch _pools = new(book, inventory, node);
    private readonly HashSet<(string Pool, string Protocol)> _runningOut = [];

    /// <summary>Time between two beats. A lease must be missed for its term, an hour, and then three times more.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Beats until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation)
        => Rounds.RunAsync(Interval, time, BeatAsync, error => Log.BeatFailed(logger, error.Message), cancellation);

    /// <summary>Beats once.</summary>
    public async Task BeatAsync(CancellationToken cancellation)
    {
        await book.RenewAsync(node, alive(), cancellation);
        var listening = PortProtocols.All.ToDictionary(static protocol => protocol, protocol => inventory.Sockets(protocol).Where(static socket => socket.Listening).ToList());
        var steps = await book.SweepAsync(node, lease => listening[lease.Protocol].Exists(socket => socket.Port == lease.Port && socket.Meets(lease.Address)), cancellation);
        foreach (var step in steps)
        {
            if (step.Action == LeaseAction.Lapse)
                Log.Lapsed(logger, step.Why);
            else if (step.Action == LeaseAction.Release)
                Log.Released(logger, step.Why);
        }

        var at = time.GetUtcNow();
        var pools = await _pools.SampleAsync(cancellation);
        await findings.ObservePoolsAsync(node, at, pools, cancellation);
        foreach (var pool in pools)
        {
            if (!pool.RunningOut)
                _runningOut.Remove((pool.Pool, pool.Protocol));
            else if (_runningOut.Add((pool.Pool, pool.Protocol)))
                Log.RunningOut(logger, pool.Summary, pool.Cure!, pool.Forecast.Text);
        }
    }
}
