using Entrepot.Ports.Allocation;

namespace Entrepot.Server.Client;

/// <content>Ports.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Every lease and what is true of it.</summary>
    public Task<IReadOnlyList<PortListEntry>> ListPortsAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/ports", ClientJson.Default.IReadOnlyListPortListEntry, cancellation);

    /// <summary>Everything that is known of one port.</summary>
    public Task<PortExplanation> ExplainPortAsync(int port, bool udp, CancellationToken cancellation = default)
        => GetAsync("metadata", Invariant($"/v1/ports/{port}{(udp ? "?protocol=udp" : "")}"), ClientJson.Default.PortExplanation, cancellation);
}
