using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>What is known about ports besides what forbids them, gathered from observations just before a decision. Whatever is absent
/// gives its factor the neutral score, and the explanation says so.</summary>
public sealed record PortEvidence
{
    /// <summary>Nothing but the defaults of a Linux host on one trusted network.</summary>
    public static PortEvidence None { get; } = new();

    /// <summary>Whose weights count.</summary>
    public PolicyProfile Profile { get; init; } = PolicyProfile.Lan;

    /// <summary>Ports to which the firewall lets packets through from somewhere, or null where its rules are not known.</summary>
    public PortSet? Permitted { get; init; }

    /// <summary>Ports to which the firewall lets nothing through, or null where its rules are not known.</summary>
    public PortSet? Blocked { get; init; }

    /// <summary>Ports that the same service has on this node, on any transport.</summary>
    public PortSet Siblings { get; init; } = PortSet.Empty;

    /// <summary>Ports that the same service has on other nodes.</summary>
    public PortSet Peers { get; init; } = PortSet.Empty;

    /// <summary>Where the node is among its neighbours, or null where that is not known.</summary>
    public PortTopology? Topology { get; init; }

    /// <summary>What was measured on the way to single ports.</summary>
    public PortPaths Paths { get; init; } = PortPaths.None;

    /// <summary>Ports that are leased or bound.</summary>
    public PortSet Occupied { get; init; } = PortSet.Empty;

    /// <summary>The host's range for outgoing connections.</summary>
    public EphemeralRange Ephemeral { get; init; } = EphemeralRange.LinuxDefault;

    /// <summary>What happened on single ports, or null where nobody kept it.</summary>
    public PortHistory? Past { get; init; }

    /// <summary>Ports that the system keeps for itself; see <see cref="ExcludedPorts"/>.</summary>
    public PortSet Excluded { get; init; } = PortSet.Empty;

    /// <summary>Why nothing is known for a factor, where more can be said than that: each a clause of a few words.</summary>
    public IReadOnlyDictionary<PortFactor, string> Unknown { get; init; } = new Dictionary<PortFactor, string>();
}

/// <summary>How nodes that exchange traffic are arranged.</summary>
public enum TopologyShape
{
    /// <summary>All talk to one hub.</summary>
    Star,

    /// <summary>Each talks to the next and the one before.</summary>
    Ring,

    /// <summary>Each talks to its parent and its children.</summary>
    Tree,
}

/// <summary>The ports of a node's neighbours.</summary>
/// <param name="Shape">How the nodes are arranged.</param>
/// <param name="Near">Ports of the hub, of both neighbours of the ring, or of the parent.</param>
/// <param name="Far">Ports of the other spokes, of the rest of the ring, or of children and siblings.</param>
public sealed record PortTopology(TopologyShape Shape, PortSet Near, PortSet Far);
