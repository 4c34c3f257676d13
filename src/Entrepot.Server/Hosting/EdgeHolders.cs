using Entrepot.Mirror.Replication;
using Entrepot.Server.Nodes;

namespace Entrepot.Server.Hosting;

/// <summary>The edges as places where the origin gets back bytes that rotted on its own disk. They are asked for what they hold only; an edge
/// that would have to fetch would ask the origin.</summary>
/// <param name="nodes">The edges.</param>
/// <param name="handler">Makes the connections to them.</param>
internal sealed class EdgeHolders(NodeRegistry nodes, HttpMessageHandler handler) : IDisposable
{
    private readonly HttpClient _http = new(handler)
    {
        Timeout = Timeout.InfiniteTimeSpan,  // each fetch has a deadline of its own
    };

    /// <summary>The edges that are in.</summary>
    public IReadOnlyList<IPieceSource> Current()
        => [.. nodes.View.Documents.Where(static node => node.State != "out")
            .Select(node => HttpPieceSource.ForNode(_http, node.Last.Node, node.Last.Url, onlyIfHeld: true))];

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
