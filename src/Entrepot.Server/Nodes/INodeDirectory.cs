using System.Collections.Immutable;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Api;

namespace Entrepot.Server.Nodes;

/// <summary>What somebody met with an edge.</summary>
public enum EdgeError
{
    /// <summary>It could not be connected to.</summary>
    Unreachable,

    /// <summary>It answered with a server error, or without the file.</summary>
    Failed,

    /// <summary>It cut an answer short.</summary>
    Cut,

    /// <summary>It sent bytes that are not those of the blob.</summary>
    Corrupt,
}

/// <summary>Knows the nodes and how they are. The scheduler needs no more, whether the registry is in this process or elsewhere.</summary>
public interface INodeDirectory
{
    /// <summary>All nodes at one moment.</summary>
    NodeView View { get; }

    /// <summary>Notes an error that somebody who can be trusted met with an edge. An unknown edge is ignored.</summary>
    void ReportError(NodeName edge, EdgeError error, string detail);
}

/// <summary>All nodes at one moment. Immutable but for the count of clients sent to each edge lately.</summary>
public sealed class NodeView
{
    private readonly EdgeState[] _edges;
    private readonly Assignments _assignments;

    internal NodeView(ImmutableArray<NodeRecord> records, EdgeState[] edges, Assignments assignments)
        => (Records, _edges, _assignments) = (records, edges, assignments);

    /// <summary>No node at all.</summary>
    public static NodeView Empty { get; } = new([], [], new Assignments([], null));

    /// <summary>The nodes as the selector wants them, by name.</summary>
    public ReadOnlySpan<EdgeState> Edges => _edges;

    /// <summary>Clients sent to each edge lately, in the order of <see cref="Edges"/>, fading within seconds.</summary>
    public ReadOnlySpan<int> Assigned => _assignments.Counts;

    /// <summary>The nodes as <c>/v1/nodes</c> shows them, by name.</summary>
    public IReadOnlyList<NodeDocument> Documents => [.. Records.Select(static record => record.ToDocument())];

    internal ImmutableArray<NodeRecord> Records { get; }

    /// <summary>Counts a client that was sent to an edge.</summary>
    public void Assign(NodeName edge) => _assignments.Add(edge);
}
