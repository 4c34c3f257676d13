using Entrepot.Core.Identities;

namespace Entrepot.Ports.Declarations;

/// <summary>Where a pool or service of a portfile is: on one node, or on every node of a site. With neither it is everywhere.</summary>
/// <param name="Node">The node, or null.</param>
/// <param name="Site">The site, or null; never both.</param>
public sealed record Placement(NodeName? Node, string? Site)
{
    /// <summary>On every node.</summary>
    public static Placement Everywhere { get; } = new(null, null);

    /// <summary>For messages: <c>on node n1</c>, <c>at site berlin</c>, <c>on every node</c>.</summary>
    public override string ToString() => Node is { } node ? $"on node {node}" : Site is not null ? $"at site {Site}" : "on every node";

    /// <summary>True when a node of a site is meant.</summary>
    public bool Covers(NodeName node, string site)
        => (Node is not { } own || own == node) && (Site is null || Site == site);
}
