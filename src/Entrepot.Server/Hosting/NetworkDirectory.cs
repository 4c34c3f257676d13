using System.Collections.Immutable;
using Entrepot.Server.Api;

namespace Entrepot.Server.Hosting;

/// <summary>The surfaces that this process runs, in the order in which they started, and those of other nodes as their heart-beats
/// tell. Read by <c>/v1/network</c>.</summary>
public sealed class NetworkDirectory(string version, string node, Func<IReadOnlyList<NodeDocument>> others)
{
    private ImmutableArray<SurfaceDocument> _own = [];

    /// <summary>The surfaces of this process, as they are now.</summary>
    public IReadOnlyList<SurfaceDocument> Own => _own;

    /// <summary>The network as it is now.</summary>
    public NetworkDocument Current
    {
        get
        {
            var own = _own;
            var remote = others()
                .Where(other => own.All(surface => surface.Node != other.Last.Node || surface.Surface != (other.Last.Role ?? HeartbeatRequest.EdgeRole)))
                .Select(static other => new SurfaceDocument(other.Last.Role ?? HeartbeatRequest.EdgeRole, other.Last.Node, other.Last.Url, new Uri(other.Last.Url).Port, "unknown", other.Last.PortReason));
            return new NetworkDocument(version, node, [.. own, .. remote]);
        }
    }

    /// <summary>Base address of a surface of this process, or null while it does not listen.</summary>
    public string? UrlOf(string surface) => _own.FirstOrDefault(own => own.Surface == surface)?.Url;

    /// <summary>As <see cref="UrlOf"/>, by which this machine itself reaches it.</summary>
    public string? LocalUrlOf(string surface) => _own.FirstOrDefault(own => own.Surface == surface) is { } found ? found.LocalUrl ?? found.Url : null;

    /// <summary>Called after a surface has moved.</summary>
    public Action? Moved { get; set; }

    /// <summary>Shows a surface at its new address.</summary>
    public void Replace(SurfaceDocument before, SurfaceDocument after)
    {
        ImmutableInterlocked.Update(ref _own, static (own, pair) => own.Replace(pair.before, pair.after), (before, after));
        Moved?.Invoke();
    }

    /// <summary>Adds a surface that listens now.</summary>
    public void Add(SurfaceDocument surface) => ImmutableInterlocked.Update(ref _own, static (own, added) => own.Add(added), surface);
}
