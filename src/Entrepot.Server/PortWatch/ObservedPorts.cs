using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Reachability;
using Entrepot.Ports.Truth;
using Entrepot.Server.Api;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.PortWatch;

/// <summary>Everything by which a node observes its ports.</summary>
public sealed class ObservedPorts : IDisposable
{
    /// <summary>For how long a report of another node counts: a few rounds of probes.</summary>
    private static readonly TimeSpan ReportLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Puts the parts together; nothing is looked at yet.</summary>
    /// <param name="node">This node.</param>
    /// <param name="declared">What is declared of its ports.</param>
    /// <param name="pools">Its pools.</param>
    /// <param name="inventory">What the host says of its sockets.</param>
    /// <param name="permitted">Reads the packet filter.</param>
    /// <param name="network">The surfaces of the network, and of this process.</param>
    /// <param name="state">Where findings are kept.</param>
    /// <param name="options">How often it is looked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it logs.</param>
    public ObservedPorts(
        NodeName node, Func<IReadOnlyList<DeclaredPort>> declared, Func<IReadOnlyList<PortPool>> pools, IPortInventory inventory, IPermittedSource permitted, (Func<NetworkDocument> All, Func<IReadOnlyList<SurfaceDocument>> Own) network,
        StateDatabase state, WatchOptions options, TimeProvider time, ILogger logger)
    {
        (Time, Declared) = (time, declared);
        Findings = new FindingBook(state, time);
        Targets = () => ProbeTargets.Of(network.All(), network.Own(), node, declared(), Watched());
        Reports = new ReachReports(new ReachBoard(time, ReportLifetime), Targets, node, network.Own, time);
        var reader = new PortStatusReader(node, inventory, declared, permitted, () => Reports.Here, Watched, pools, time);
        Watcher = new PortWatcher(node, reader, inventory, Findings, options, time, logger);
    }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>What is declared of the node's ports.</summary>
    public Func<IReadOnlyList<DeclaredPort>> Declared { get; }

    /// <summary>What other nodes are told to try.</summary>
    public Func<IReadOnlyList<ProbeTargetDocument>> Targets { get; }

    /// <summary>What other nodes report.</summary>
    public ReachReports Reports { get; }

    /// <summary>The findings.</summary>
    public FindingBook Findings { get; }

    /// <summary>Looks at the ports.</summary>
    public PortWatcher Watcher { get; }

    /// <inheritdoc/>
    public void Dispose() => Watcher.Dispose();

    /// <summary>The ports of findings that may be about ports where nobody listens: only a look at them can resolve those.</summary>
    private List<(PortProtocol Protocol, int Port)> Watched()
        => [.. Findings.List(resolved: false).Where(static finding => finding.Key.Kind is TruthVerdict.Ghost or TruthVerdict.OpenDoor)
            .Select(static finding => (finding.Key.Protocol, finding.Key.Port)).Distinct()];
}
