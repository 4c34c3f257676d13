using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Routing;

/// <summary>Who wants what.</summary>
/// <param name="Client">The client's address.</param>
/// <param name="Digest">The wanted blob.</param>
/// <param name="Size">Its size in bytes.</param>
public readonly record struct SelectionRequest(IPAddress Client, Sha256Digest Digest, long Size)
{
    /// <summary>True when this machine fetches the bytes for the client, so that an edge of this machine will do.</summary>
    public bool ThroughProxy { get; init; }

    /// <summary>True when only edges that check signed addresses may serve it.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Edges that the client does not want, because it tried them. Null for none.</summary>
    public IReadOnlySet<NodeName>? Avoid { get; init; }
}

/// <summary>What an edge's rank is made of. Nearer sites come first; among equally near edges the higher score.</summary>
/// <param name="Distance">Rank of the edge's site as seen from the client; 0 is the same site, or an unknown one.</param>
/// <param name="Hash">Rendezvous hash of blob and edge, between 0 and 1: the same for ever, so that a blob stays where it is cached.</param>
/// <param name="Load">Weight left by the load, 0.5–1: an idle edge has 1, one at its bound 0.5.</param>
/// <param name="Errors">Weight left by recent errors, above 0–1: 1 without errors.</param>
/// <param name="Fit">Weight left by the cache's size: 1 when the blob fits, 0.1 when it can only pass through.</param>
/// <param name="Score">−weight / ln(hash), the weighted rendezvous score (Schindelhauer and Schomaker, 2005), where weight is the product
/// of the three before.</param>
public readonly record struct ScoreParts(int Distance, double Hash, double Load, double Errors, double Fit, double Score);

/// <summary>An edge that may serve the client.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Score">Why it has its place.</param>
public readonly record struct ChosenEdge(EdgeState Edge, ScoreParts Score);

/// <summary>An edge that may not serve the client.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Value">The figure that decided, where there is one.</param>
/// <param name="Limit">The limit that it broke, where there is one.</param>
public readonly record struct ExcludedEdge(EdgeState Edge, ExcludeReason Reason, double Value = 0, double Limit = 0)
{
    /// <summary>The reason as a sentence with its figures.</summary>
    public string Describe() => Reason switch
    {
        ExcludeReason.Out or ExcludeReason.Draining or ExcludeReason.Joining when Edge.ConditionReason.Length > 0 => Edge.ConditionReason,
        ExcludeReason.Out => "It missed its heart-beats.",
        ExcludeReason.Draining => "It wants no new clients.",
        ExcludeReason.Joining => "It has not sent two good heart-beats in a row yet.",
        ExcludeReason.Avoided => "The client asked not to be sent there.",
        ExcludeReason.LoopbackAddress => $"It announces {Edge.Url}, which only its own machine can reach; the client is on another.",
        ExcludeReason.NoKey => "The file is private, and it has no key to check signed addresses by.",
        ExcludeReason.AtCapacity => string.Create(
            CultureInfo.InvariantCulture, $"It has {Value:0} transfers; one edge may have {Limit:0}."),
        ExcludeReason.RecentErrors => string.Create(
            CultureInfo.InvariantCulture, $"Its recent errors weigh {Value:0.0}; from {Limit:0.0} on others are preferred."),
        _ => string.Create(
            CultureInfo.InvariantCulture, $"One more would make {Value:0} transfers; its share among equally near edges is {Limit:0}."),
    };
}

/// <summary>The outcome: every edge is either chosen or excluded.</summary>
/// <param name="Site">The rule that told where the client is, or null when none matched.</param>
/// <param name="Chosen">Edges that may serve the client, best first.</param>
/// <param name="Excluded">All others, each with its reason, by name.</param>
public sealed record Selection(SiteRule? Site, ImmutableArray<ChosenEdge> Chosen, ImmutableArray<ExcludedEdge> Excluded);
