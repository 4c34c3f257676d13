using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Allocation;

/// <summary>A host that shows only what it is told to.</summary>
internal sealed class FakeInventory : IPortInventory
{
    public IReadOnlyList<ListeningSocket> Shown { get; init; } = [];

    public EphemeralRange Range { get; init; } = new(1, 1, PortSet.Empty, 1024, Known: true);

    public IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol) => [.. Shown.Where(socket => socket.Protocol == protocol)];

    public IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets) => sockets;

    public EphemeralRange EphemeralRange() => Range;
}
