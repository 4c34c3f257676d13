using System.Text.Json.Serialization;
using Entrepot.Server.Nodes;
using Entrepot.Server.PortWatch;
using Entrepot.Trust.Tokens;

namespace Entrepot.Server.Api;

/// <summary>The network as a client needs to know it: <c>/v1/network</c>.</summary>
/// <param name="Version">The product's version.</param>
/// <param name="Node">The node that answers.</param>
/// <param name="Surfaces">Every surface of every known node.</param>
public sealed record NetworkDocument(string Version, string Node, IReadOnlyList<SurfaceDocument> Surfaces);

/// <summary>One listening surface.</summary>
/// <param name="Surface"><c>push</c>, <c>metadata</c>, <c>admin</c>, <c>scheduler</c> or <c>edge</c>.</param>
/// <param name="Node">The node it listens on.</param>
/// <param name="Url">Its base address without a trailing slash.</param>
/// <param name="Port">The leased port.</param>
/// <param name="Zone">The zone its listener faces.</param>
/// <param name="Reason">Why this port.</param>
public sealed record SurfaceDocument(string Surface, string Node, string Url, int Port, string Zone, string Reason)
{
    /// <summary>Base address by which this machine itself reaches the surface, whatever name clients are told; null where that is not known.
    /// Not told to clients.</summary>
    [JsonIgnore]
    public string? LocalUrl { get; init; }
}

/// <summary>What a running node tells the commands on its own machine: <c>run/network.json</c> in its data folder.</summary>
/// <param name="Version">The product's version.</param>
/// <param name="Node">The node.</param>
/// <param name="Surfaces">As in <see cref="NetworkDocument"/>.</param>
public sealed record AnnouncedNetwork(string Version, string Node, IReadOnlyList<SurfaceDocument> Surfaces)
{
    /// <summary>Base address of the origin's metadata surface, when the origin is another node.</summary>
    public string? Origin { get; init; }

    /// <summary>Base addresses that clients are told, each with the one by which this machine reaches the same surface.</summary>
    public IReadOnlyDictionary<string, string>? Local { get; init; }

    /// <summary>The announcement of a network.</summary>
    /// <param name="network">The surfaces.</param>
    /// <param name="origin">The origin's metadata surface, when it is another node.</param>
    public static AnnouncedNetwork Of(NetworkDocument network, Uri? origin) => new(network.Version, network.Node, network.Surfaces)
    {
        Origin = origin?.GetLeftPart(UriPartial.Authority),
        Local = network.Surfaces.Where(static surface => surface.LocalUrl is not null)
            .DistinctBy(static surface => surface.Url).ToDictionary(static surface => surface.Url, static surface => surface.LocalUrl!),
    };
}

/// <summary>What an edge tells every few seconds.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Site">Where it is.</param>
/// <param name="Url">Base address for downloads, without a trailing slash.</param>
/// <param name="Version">The product's version.</param>
/// <param name="PortReason">Why its data port is the one it is.</param>
/// <param name="ActiveTransfers">Downloads in progress.</param>
/// <param name="BytesPerSecond">Sent per second since the last heart-beat.</param>
/// <param name="RecentErrors">Pieces refused and upstream failures since the last heart-beat.</param>
/// <param name="HeldBytes">Bytes of verified pieces in the cache.</param>
/// <param name="CapacityBytes">The cache's cap.</param>
/// <param name="FreeBytes">Free space on the cache's disk.</param>
/// <param name="Draining">True when it wants no new clients.</param>
public sealed record HeartbeatRequest(
    string Node, string Site, string Url, string Version, string PortReason, int ActiveTransfers, long BytesPerSecond, int RecentErrors,
    long HeldBytes, long CapacityBytes, long FreeBytes, bool Draining)
{
    /// <summary>Longest <see cref="Instance"/> in characters.</summary>
    public const int MaxInstance = 64;

    /// <summary>A number that the running edge drew at its start, by which the origin knows it again when it changes its port; null from
    /// an edge that never does. Not shown to anybody.</summary>
    public string? Instance { get; init; }

    /// <summary>The newest key that it has to check signed addresses by; null for none.</summary>
    public long? KeyEpoch { get; init; }

    /// <summary><see cref="EdgeRole"/>, <see cref="SchedulerRole"/> or <see cref="AuditRole"/>; null means an edge.</summary>
    public string? Role { get; init; }

    /// <summary>A verified cache near clients.</summary>
    public const string EdgeRole = "edge";

    /// <summary>A front door that follows the origin's catalog.</summary>
    public const string SchedulerRole = "scheduler";

    /// <summary>An audit service that keeps a copy of the origin's journal.</summary>
    public const string AuditRole = "audit";

    /// <summary>What it knows of the network's tokens, as the origin named it; null for nothing, or from a node that judges none.</summary>
    public string? TokenVersion { get; init; }

    /// <summary>What it found out about the ports of other nodes since the last heart-beat, or null.</summary>
    public IReadOnlyList<ProbeReport>? Probes { get; init; }
}

/// <summary>What the origin answers to a heart-beat.</summary>
/// <param name="Guarded">True since the network has, or had, a private mirror: edges then serve nothing by its digest alone.</param>
/// <param name="Keys">Check and sign addresses; only for nodes that proved who they are, and null for others.</param>
public sealed record HeartbeatAnswer(bool Guarded, IReadOnlyList<UrlKeyDocument>? Keys)
{
    /// <summary>By what a scheduler judges tokens; null when it knows that already, and for other nodes.</summary>
    public TokenNotice? Tokens { get; init; }

    /// <summary>Whom the node is to believe: certificates of the network's authorities, PEM.</summary>
    public string Authorities { get; init; } = "";

    /// <summary>Whom it is to believe no more.</summary>
    public IReadOnlyList<RevocationDocument> Revoked { get; init; } = [];
}

/// <summary>A key that signs addresses.</summary>
/// <param name="Epoch">The hour that it is for, counted from 1970 UTC.</param>
/// <param name="Secret">32 bytes.</param>
public sealed record UrlKeyDocument(long Epoch, byte[] Secret);

/// <summary>A node as <c>/v1/nodes</c> shows it.</summary>
/// <param name="Last">Its last heart-beat.</param>
/// <param name="LastSeen">When that came, UTC.</param>
/// <param name="State"><c>joining</c>, <c>healthy</c>, <c>out</c> or <c>draining</c>.</param>
/// <param name="Reason">Why it is in that state.</param>
public sealed record NodeDocument(HeartbeatRequest Last, DateTimeOffset LastSeen, string State, string Reason)
{
    /// <summary>Weight of the errors that others met with it lately; it halves by itself.</summary>
    public double Errors { get; init; }

    /// <summary>True for an edge.</summary>
    [JsonIgnore]
    public bool IsEdge => Last.Role is null or HeartbeatRequest.EdgeRole;
}

/// <summary>What a scheduler on another node met with an edge.</summary>
/// <param name="Error">What it was.</param>
/// <param name="Detail">Where and how, at most <see cref="MaxDetail"/> characters.</param>
public sealed record EdgeErrorReport(EdgeError Error, string Detail)
{
    /// <summary>Longest <see cref="Detail"/> in characters.</summary>
    public const int MaxDetail = 500;
}
