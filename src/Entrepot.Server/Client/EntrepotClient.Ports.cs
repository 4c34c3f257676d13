using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Truth;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Client;

/// <content>Ports.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Every lease and what is true of it.</summary>
    public Task<IReadOnlyList<PortListEntry>> ListPortsAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/ports", ClientJson.Default.IReadOnlyListPortListEntry, cancellation);

    /// <summary>Everything that is known of one port.</summary>
    public Task<PortExplanation> ExplainPortAsync(int port, PortProtocol protocol = PortProtocol.Tcp, CancellationToken cancellation = default)
        => GetAsync("metadata", Invariant($"/v1/ports/{port}{(protocol == PortProtocol.Tcp ? "" : $"?protocol={protocol.Name()}")}"), ClientJson.Default.PortExplanation, cancellation);

    /// <summary>How a service's port is chosen.</summary>
    /// <param name="service">A service with a lease.</param>
    /// <param name="protocol">The transport, or null for the one of which it has a lease.</param>
    /// <param name="whyNot">A port about which it is asked why the service has not got it, or null.</param>
    /// <param name="rows">Most rows of allowed and of refused candidates each.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<PortTable> ExplainServiceAsync(string service, PortProtocol? protocol, int? whyNot, int rows, CancellationToken cancellation = default)
        => GetAsync(
            "metadata",
            Invariant($"/v1/ports/services/{Uri.EscapeDataString(service)}?rows={rows}{(protocol is { } named ? $"&protocol={named.Name()}" : "")}{(whyNot is { } port ? Invariant($"&whyNot={port}") : "")}"),
            ClientJson.Default.PortTable, cancellation);

    /// <summary>How full the pools are.</summary>
    public Task<IReadOnlyList<PoolUsage>> ListPoolsAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/ports/pools", ClientJson.Default.IReadOnlyListPoolUsage, cancellation);

    /// <summary>The four truths of every port of the node that answers.</summary>
    public Task<StatusDocument> GetPortStatusAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/ports/status", ClientJson.Default.StatusDocument, cancellation);

    /// <summary>From where which port can be reached.</summary>
    public Task<IReadOnlyList<ReachDocument>> GetReachAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/ports/reach", ClientJson.Default.IReadOnlyListReachDocument, cancellation);

    /// <summary>What the origin finds now of a node's ports, by fresh connections.</summary>
    public Task<IReadOnlyList<ReachDocument>> ProbeNodeAsync(string node, CancellationToken cancellation = default)
        => CallAsync(
            "admin", HttpMethod.Post, $"/v1/nodes/{Uri.EscapeDataString(node)}/probe", null, ClientJson.Default.IReadOnlyListReachDocument, cancellation);

    /// <summary>The findings.</summary>
    /// <param name="resolved">True to see resolved ones as well.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<IReadOnlyList<FindingDocument>> ListFindingsAsync(bool resolved, CancellationToken cancellation = default)
        => GetAsync("metadata", resolved ? "/v1/ports/findings?resolved=true" : "/v1/ports/findings", ClientJson.Default.IReadOnlyListFindingDocument, cancellation);

    /// <summary>Says that a finding is known, or worked on.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="fixing">True when it is worked on.</param>
    /// <param name="note">Why, or null.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<FindingDocument> MarkFindingAsync(long id, bool fixing, string? note, CancellationToken cancellation = default)
        => CallAsync(
            "admin", HttpMethod.Post, Invariant($"/v1/ports/findings/{id}/{(fixing ? "fix" : "acknowledge")}"),
            Json(new MarkFindingRequest(note), ClientJson.Default.MarkFindingRequest), ClientJson.Default.FindingDocument, cancellation);
}
