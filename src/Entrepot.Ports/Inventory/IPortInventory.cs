using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>What the host says of its own ports. One adapter for each way of asking.</summary>
public interface IPortInventory
{
    /// <summary>Every socket with a local port in this network namespace, without owners. TCP connections are included.</summary>
    IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol);

    /// <summary>The sockets that keep others from binding: listeners and all of UDP. On a busy server far fewer than
    /// <see cref="Sockets"/>.</summary>
    IReadOnlyList<ListeningSocket> Listeners(PortProtocol protocol) => [.. Sockets(protocol).Where(static socket => socket.Listening)];

    /// <summary>Everything that listens on the host, with every owner, in all network namespaces that this user may look into. Connected
    /// UDP sockets hear only their peer and are left out. One walk over all processes.</summary>
    IReadOnlyList<ListeningSocket> Survey()
        => WithOwners([.. PortProtocols.All.SelectMany(Listeners).Where(static socket => socket.Peer is null)]);

    /// <summary>The same sockets with their owners, as far as this user may see them. Costs a walk over all processes: ask only for
    /// the few sockets that matter.</summary>
    IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets);

    /// <summary>As <see cref="WithOwners"/>, with every process that has a socket open, and not only the first: a socket that was handed
    /// down belongs to all of them.</summary>
    IReadOnlyList<ListeningSocket> WithAllOwners(IReadOnlyList<ListeningSocket> sockets) => WithOwners(sockets);

    /// <summary>The range from which the host serves outgoing connections.</summary>
    EphemeralRange EphemeralRange();
}
