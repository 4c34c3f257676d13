using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Api;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Evidence;

/// <summary>Where the node's observations are.</summary>
internal sealed record EvidenceSources
{
    /// <summary>The last reading of the packet filter, or null before the first.</summary>
    public required Func<KeptReading.Kept?> Permitted { get; init; }

    /// <summary>Surfaces of this process.</summary>
    public required Func<IReadOnlyList<SurfaceDocument>> Own { get; init; }

    /// <summary>Nodes that send heart-beats, and when that was told.</summary>
    public required Func<(IReadOnlyList<NodeDocument> Nodes, DateTimeOffset At)?> Nodes { get; init; }

    /// <summary>The host of the origin, the hub of the star; null when this node is the origin.</summary>
    public required string? Hub { get; init; }

    /// <summary>This node's leases.</summary>
    public required Func<IReadOnlyList<PortLease>> Leases { get; init; }

    /// <summary>What other nodes report of this node's ports.</summary>
    public required Func<IReadOnlyList<ReachReport>> Reach { get; init; }

    /// <summary>Ports that the system keeps for itself.</summary>
    public required Func<PortProtocol, PortSet> Excluded { get; init; }
}
