using System.Net;
using System.Net.Sockets;

namespace Entrepot.Tests.Ports.Allocation;

/// <summary>Ports for tests, all picked by the kernel.</summary>
internal static class TestPorts
{
    /// <summary>A stranger's listener.</summary>
    public static Socket Stranger(IPAddress? address = null)
    {
        var socket = Bound(address ?? IPAddress.Loopback, SocketType.Stream, ProtocolType.Tcp);
        socket.Listen();
        return socket;
    }

    /// <summary>A stranger's UDP socket.</summary>
    public static Socket UdpStranger() => Bound(IPAddress.Loopback, SocketType.Dgram, ProtocolType.Udp);

    /// <summary>A port that a service may take and nobody else will: the socket does not listen, so that Linux lets another one with
    /// SO_REUSEADDR bind it, but gives it neither to bind(0) nor to an outgoing connection.</summary>
    public static Socket Kept() => Bound(IPAddress.Loopback, SocketType.Stream, ProtocolType.Tcp);

    public static int Port(this Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static Socket Bound(IPAddress address, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(address.AddressFamily, type, protocol);
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }
}
