using Entrepot.Core.Identities;

namespace Entrepot.Ports.Declarations;

/// <summary>Whether something is so on some node.</summary>
public enum PlacementRelation
{
    /// <summary>On no node.</summary>
    Never,

    /// <summary>It depends on which site a node belongs to, and the portfile does not say.</summary>
    Perhaps,

    /// <summary>On at least one node, or on every one, as the question was.</summary>
    Always,
}

/// <summary>Compares places by what a portfile says of its sites.</summary>
public sealed class PlacementMap
{
    private readonly Dictionary<NodeName, string> _siteOf = [];

    /// <summary>Makes the map.</summary>
    /// <param name="sites">The sites with their nodes; empty when the portfile does not name them.</param>
    public PlacementMap(IEnumerable<SiteDeclaration> sites)
    {
        foreach (var site in sites)
        {
            foreach (var node in site.Nodes)
                _siteOf.TryAdd(node, site.Name);
        }
    }

    /// <summary>Whether there is a node that belongs to both places.</summary>
    public PlacementRelation Meet(Placement left, Placement right) => (left, right) switch
    {
        ({ Node: { } one }, { Node: { } other }) => Certain(one == other),
        ({ Node: { } node }, { Site: { } site }) => At(node, site),
        ({ Site: { } site }, { Node: { } node }) => At(node, site),
        ({ Site: { } one }, { Site: { } other }) => Certain(one == other),
        _ => PlacementRelation.Always,
    };

    /// <summary>Whether every node of one place belongs to another.</summary>
    public PlacementRelation Covers(Placement outer, Placement inner) => (outer, inner) switch
    {
        ({ Node: null, Site: null }, _) => PlacementRelation.Always,
        ({ Site: { } site }, { Node: { } node }) => At(node, site),
        ({ Site: { } one }, { Site: { } other }) => Certain(one == other),
        ({ Node: { } one }, { Node: { } other }) => Certain(one == other),
        _ => PlacementRelation.Never,
    };

    /// <summary>The site of a node, or null when the portfile does not say.</summary>
    public string? SiteOf(NodeName node) => _siteOf.GetValueOrDefault(node);

    private static PlacementRelation Certain(bool holds) => holds ? PlacementRelation.Always : PlacementRelation.Never;

    private PlacementRelation At(NodeName node, string site)
        => _siteOf.TryGetValue(node, out var known) ? Certain(known == site) : PlacementRelation.Perhaps;
}
