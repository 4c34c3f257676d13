using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>What the host says of its own ports. One adapter for each way of asking.</summary>
public interface IPortInventory
{
    /// <summary>Every socket with a local port in this network namespace, without owners. TCP connections are included.</summary>
    IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol);

    /// <summary>The same sockets with their owners, as far as this user may see them. Costs a walk over all processes: ask only for
    /// the few sockets that matter.</summary>
    IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets);

    /// <summary>The range from which the host serves outgoing connections.</summary>
    EphemeralRange EphemeralRange();
}
