using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;

namespace Entrepot.Server.Evidence;

/// <summary>What a node has observed, for its decisions about ports. Level-triggered: every few seconds everything that is known is put
/// together anew, so that nothing depends on what was missed; a decision takes what is there and waits for nothing.</summary>
/// <param name="node">This node.</param>
/// <param name="sources">Where the observations are.</param>
/// <param name="time">The clock.</param>
internal sealed class ObservedEvidence(NodeName node, EvidenceSources sources, TimeProvider time) : IPortEvidenceSource
{
    /// <summary>The factors that depend on it.</summary>
    internal static readonly PortFactor[] Factors =
        [PortFactor.FirewallAgreement, PortFactor.LoadBalancing, PortFactor.Topology, PortFactor.Latency, PortFactor.Throughput, PortFactor.Loss];

    private static readonly PortEvidence Stale = PortEvidence.None with
    {
        Unknown = Factors.ToDictionary(static factor => factor, static _ => "the node has not looked lately"),
    };

    private volatile EvidenceSnapshot? _snapshot;

    /// <summary>Time between two snapshots.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public PortEvidence For(NodeName asked, PortProtocol protocol, PortRequest? request)
        => asked != node ? PortEvidence.None
            : _snapshot is not { } snapshot || time.GetUtcNow() - snapshot.At > EvidenceSnapshot.Lifetime ? Stale
            : snapshot.For(protocol, request);

    /// <summary>Takes a snapshot.</summary>
    public void Refresh() => _snapshot = EvidenceSnapshot.Take(sources, time.GetUtcNow());

    /// <summary>Takes snapshots until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                Refresh();
            }
            catch (Exception error) when (error is FaultException or IOException)
            {
                // The snapshot before stays, grows stale, and says so.
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }
}
