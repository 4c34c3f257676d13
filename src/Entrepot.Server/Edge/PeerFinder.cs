using Entrepot.Core.Faults;
using Entrepot.Mirror.Replication;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

/// <summary>Keeps the list of sources: the origin, and after it the healthy edges of the network, those of the own site first.</summary>
internal sealed class PeerFinder(EdgeOptions options, SourceSet sources, OriginClient origin, EdgeKeys keys, HttpClient toOrigin, HttpClient toPeers, TimeProvider time, ILogger logger)
{
    /// <summary>Peers asked for one piece at most; beyond, the chance that another one has it does not pay for the asking.</summary>
    private const int MaxPeers = 4;

    private readonly HttpPieceSource _origin = HttpPieceSource.ForNode(toOrigin, "origin", origin.Base, sign: keys.Sign);
    private string _known = "";

    /// <summary>The origin alone.</summary>
    public IPieceSource Origin => _origin;

    /// <summary>Refreshes until cancelled. While the origin can't be asked the last list stays.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.PeerRefresh, time);
        do
        {
            try
            {
                await RefreshAsync(cancellation);
            }
            catch (FaultException)
            {
                // The heart-beat says that the origin can't be reached.
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    /// <summary>Reads the list once.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        var nodes = await origin.GetNodesAsync(cancellation);
        options.NodesRead?.Invoke(nodes);
        var peers = nodes
            .Where(node => node is { IsEdge: true, State: "healthy" } && node.Last.Node != options.Node.Value)
            .OrderBy(node => node.Last.Site == options.Site ? 0 : 1).ThenBy(static node => node.Last.ActiveTransfers)
            .Take(MaxPeers).OrderBy(static node => node.Last.Node, StringComparer.Ordinal).ToList();
        var list = string.Join(' ', peers.Select(static peer => $"{peer.Last.Node}={peer.Last.Url}"));
        if (list == _known)
            return;
        _known = list;
        sources.Replace([_origin, .. peers.Select(peer => HttpPieceSource.ForNode(toPeers, peer.Last.Node, peer.Last.Url, onlyIfHeld: true, sign: keys.Sign))]);
        Log.SourcesChanged(logger, options.Node.Value, string.Join(", ", sources.Current.Select(static source => source.Source.Name)));
    }
}
