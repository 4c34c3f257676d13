using System.Net;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Allocation;

/// <summary>Asks the inventory what a decision needs to know, and no more: finding owners is the dear part.</summary>
internal static class PortObserver
{
    /// <summary>The listeners that a service's own socket would meet, with owners on the ports that its request may lead to.</summary>
    public static PortObservation Observe(IPortInventory inventory, PortRequest request, IPAddress address)
    {
        var inTheWay = inventory.Listeners(request.Protocol).Where(socket => socket.Meets(address)).ToLookup(socket => Concerns(request, socket.Port));
        return new PortObservation([.. inventory.WithOwners([.. inTheWay[true]]), .. inTheWay[false]], inventory.EphemeralRange());
    }

    /// <summary>Who keeps a port from being bound, as the rest of a sentence that begins with the port.</summary>
    public static string Taker(IPortInventory inventory, PortProtocol protocol, int port, IPAddress address)
    {
        var there = inventory.Sockets(protocol).Where(socket => socket.Port == port).ToList();
        var culprit = there.Find(socket => socket.Listening && socket.Meets(address))
            ?? there.Find(static socket => socket.Listening)
            ?? there.Find(socket => socket.Meets(address))
            ?? there.FirstOrDefault();
        return culprit is null
            ? "is taken, by a socket that the host does not show: bound without listening, or just gone"
            : inventory.WithOwners([culprit])[0].Describe();
    }

    private static bool Concerns(PortRequest request, int port)
        => port == request.WantedPort || port == request.EmergencyPort
            || request.Pool?.Contains(port) == true || request.OverflowPool?.Contains(port) == true;
}
