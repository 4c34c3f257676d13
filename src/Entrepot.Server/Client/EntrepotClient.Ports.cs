using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;

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
}
