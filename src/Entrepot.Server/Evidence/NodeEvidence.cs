using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Evidence;

/// <summary>Connects what a node observes with its port book.</summary>
internal sealed class NodeEvidence(Settings settings, PortBook book, NetworkDirectory network, KeptReading permitted, TimeProvider time)
{
    private readonly ExcludedRanges _excluded = new(time);
    private volatile Told? _told;
    private ObservedEvidence? _evidence;

    /// <summary>Takes the first snapshot and gives it to the port book, before anything is bound.</summary>
    /// <param name="nodes">The nodes that send heart-beats here, or null on a node that is not the origin.</param>
    /// <param name="reach">What other nodes report of this node's ports.</param>
    public void Begin(Func<IReadOnlyList<NodeDocument>?> nodes, Func<IReadOnlyList<ReachReport>> reach)
    {
        _evidence = new ObservedEvidence(
            settings.Node,
            new EvidenceSources
            {
                Permitted = () => permitted.Last,
                Own = () => network.Own,
                Nodes = () => nodes() is { } here ? (here, time.GetUtcNow()) : _told is { } told ? (told.Nodes, told.At) : null,
                Hub = settings.Origin?.DnsSafeHost,
                Leases = () => [.. book.Leases().Where(lease => lease.Node == settings.Node)],
                Reach = reach,
                Excluded = _excluded.Of,
            },
            time);
        _evidence.Refresh();
        book.Evidence = _evidence;
    }

    /// <summary>Takes in what the origin tells of the nodes.</summary>
    public void Learn(IReadOnlyList<NodeDocument> nodes) => _told = new Told(nodes, time.GetUtcNow());

    /// <summary>Looks again and again until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(_evidence!.RunAsync(cancellation), _excluded.RunAsync(cancellation));

    private sealed record Told(IReadOnlyList<NodeDocument> Nodes, DateTimeOffset At);
}
