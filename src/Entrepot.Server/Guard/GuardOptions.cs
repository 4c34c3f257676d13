using Entrepot.Core.Identities;
using Entrepot.Ports.Declarations;
using Entrepot.Server.Configuration;

namespace Entrepot.Server.Guard;

/// <summary>How a node guards its ports.</summary>
internal sealed record GuardOptions
{
    /// <summary>The options that settings ask for.</summary>
    public static GuardOptions From(Settings settings) => new()
    {
        Node = settings.Node, Interval = settings.Guard.Interval, Reaction = settings.Guard.Strangers, Overlap = settings.Guard.Overlap,
    };

    /// <summary>The node, for the journal.</summary>
    public required NodeName Node { get; init; }

    /// <summary>Time between two looks.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What happens when a stranger is on a port of the node's own surfaces.</summary>
    public StrangerReaction Reaction { get; init; } = StrangerReaction.Alert;

    /// <summary>For how long a surface that moves is served on both ports.</summary>
    public TimeSpan Overlap { get; init; } = TimeSpan.FromMinutes(5);
}
